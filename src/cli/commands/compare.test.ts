import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { folder, latencies } from '../compare/compare.test-support.ts';

const { file, run, at, plain } = folder();
const arm = (seed: number, slower: number, passing: number) => ({
  metrics: {
    latency: { unit: 'ms', direction: 'lowerIsBetter', values: [...latencies(200, seed, slower), 'Infinity'] },
    quality: {
      direction: 'higherIsBetter',
      values: latencies(120, seed + 10).map(value => Number(Math.min(1, value / 400).toFixed(3))),
    },
    pass: { direction: 'higherIsBetter', values: Array.from({ length: 150 }, (_, i) => (i < passing ? 1 : 0)) },
    '<b>|`cost`': { direction: 'lowerIsBetter', values: [3, 4] },
  },
});
const baseline = file('baseline.json', arm(1, 1, 140));
const slower = file('slower.json', arm(2, 1.4, 139));
/** The last digits are those of the reference tests. */
const sixDigits = (_key: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);
const same = file('same.json', { metrics: { latency: arm(1, 1, 0).metrics.latency } });

describe('what people are shown', () => {
  test('the table', async () => {
    const { text } = await run(baseline, slower);
    await expect(`${text}\n`).toMatchFileSnapshot('../compare/golden/table.txt');
  });

  test('Markdown, in which names are no markup', async () => {
    const { text } = await run(baseline, slower, { markdown: true });
    await expect(`${text}\n`).toMatchFileSnapshot('../compare/golden/comment.md');
  });

  test('the page', async () => {
    await run(baseline, slower, { html: at('page.html') });
    const page = plain(readFileSync(at('page.html'), 'utf8'));
    await expect(page).toMatchFileSnapshot('../compare/golden/page.html');
    expect(page).not.toMatch(/<script|<link|<img|src=|@import|url\(/);
    expect(page).not.toContain('<b>');
    expect(page.match(/<svg /g)).toHaveLength(2 + 2 + 1 + 2);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('the document', async () => {
    const { document } = await run(baseline, slower);
    await expect(`${JSON.stringify(document, sixDigits, 2)}\n`).toMatchFileSnapshot('../compare/golden/document.json');
  });
});

describe('the exit status', () => {
  test.each([
    ['a regression', slower, {}, 1],
    ['no regression', same, { metric: ['latency'], minEffect: ['30%'] }, 0],
    ['inconclusive', same, {}, 0],
    ['inconclusive, when that fails', same, { failOn: 'inconclusive' }, 1],
    ['a regression, when inconclusive fails too', slower, { failOn: 'inconclusive' }, 1],
  ])('of %s', async (_, candidate, options, exit) => {
    expect((await run(baseline, candidate, options)).exit).toBe(exit);
  });

  test.each([
    [{ alpha: '0' }, '--alpha must be above 0 and at most 0.5, such as 0.01; found "0".'],
    [{ failOn: 'pass' }, '--fail-on must be regression or inconclusive; found "pass".'],
    [
      { column: ['latency'] },
      '--column must be metric=column, such as latency=duration_ms or latency=2; found "latency".',
    ],
    [{ direction: ['latency=down'] }, '--direction must be lowerIsBetter or higherIsBetter; found "latency=down".'],
    [
      { minEffect: ['latency=0.05'] },
      '--min-effect must be a percentage: 5%, or latency=5% for one metric; found "latency=0.05".',
    ],
    [{ unit: ['a=s', 'a=ms'] }, '--unit names a twice.'],
    [{ metric: ['nothing'] }, 'Neither file has a metric nothing; there are latency, quality, pass, <b>|`cost`.'],
  ])('of wrong use is 2: %j', async (options, message) => {
    expect(await run(baseline, slower, options)).toMatchObject({ exit: 2, problems: [message] });
  });

  test('of a page that cannot be written is 2, and nothing is printed', async () => {
    const said = await run(baseline, slower, { html: at('no/such/folder.html') });
    expect(said).toMatchObject({
      exit: 2,
      text: '',
      problems: ['Cannot write no/such/folder.html: there is no such file'],
    });
  });
});
