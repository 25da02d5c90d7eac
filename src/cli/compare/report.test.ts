import { describe, expect, test } from 'vitest';
import { folder, latencies, type Said, samples } from './compare.test-support.ts';
import type { CompareOptions } from './flags.ts';
import { pText } from './format.ts';

const { file, run } = folder();
let count = 0;

async function compared(
  baseline: readonly number[],
  candidate: readonly number[],
  options: CompareOptions = {},
  more = {},
): Promise<Said> {
  count++;
  return run(
    file(`b${count}.json`, samples(baseline, more)),
    file(`c${count}.json`, samples(candidate, more)),
    options,
  );
}
const higher = { direction: 'higherIsBetter', unit: 'requests/s' };

describe('few samples that could not differ more', () => {
  const low = [21, 24, 19, 26, 22];
  const high = [230, 212, 245, 198, 251];

  test.each([
    ['ten times higher is a regression', low, high, {}, 'fail'],
    ['ten times higher is none where higher is better', low, high, higher, 'pass'],
    ['ten times lower is none', high, low, {}, 'pass'],
    ['ten times lower is a regression where higher is better', high, low, higher, 'fail'],
  ])('%s', async (_, baseline, candidate, more, verdict) => {
    expect((await compared(baseline, candidate, {}, more)).document.verdict).toBe(verdict);
  });
});

describe('nothing that differs', () => {
  test.each([
    ['all tied, 4 v 3', [7, 7, 7, 7], [7, 7, 7], 'pass'],
    ['all zero', [0, 0, 0, 0, 0], [0, 0, 0, 0], 'pass'],
    ['the same values in another order', [3, 9, 4, 8, 5, 6], [8, 3, 6, 9, 5, 4], 'inconclusive'],
    ['one zero among ties', [7, 7, 7, 7, 7, 7], [7, 7, 7, 7, 0, 7], 'pass'],
  ])('is no regression: %s', async (_, baseline, candidate, verdict) => {
    expect((await compared(baseline, candidate)).document.verdict).toBe(verdict);
  });

  test('the same 2,000 values in another order are surely inside the margin', async () => {
    const values = latencies(2000, 1);
    expect((await compared(values, [...values].reverse())).document.verdict).toBe('pass');
  });
});

describe('arms without variation', () => {
  test('constant 30 against constant 4 is a regression', async () => {
    const said = await compared(Array(6).fill(4), Array(8).fill(30));
    expect(said.document).toMatchObject({
      verdict: 'fail',
      metrics: [{ severity: 'critical', effect: { value: expect.closeTo(7.5, 9) } }],
    });
  });

  test('against a baseline of zeros the regression is seen and no factor is made up', async () => {
    const said = await compared(Array(6).fill(0), Array(8).fill(30));
    expect(said.document).toMatchObject({
      verdict: 'fail',
      metrics: [{ severity: 'critical', effect: { value: null, interval: [null, null] } }],
    });
    expect(said.document.why).toContain('the size of the change cannot be told');
  });
});

describe('a margin', () => {
  const baseline = latencies(40, 11);
  const candidate = latencies(40, 12, 12);

  test.each([
    ['20%', 'fail'],
    ['400%', 'fail'],
    ['1900%', 'pass'],
  ])('of %s makes twelve times slower: %s', async (minEffect, verdict) => {
    const said = await compared(baseline, candidate, { minEffect: [`latency=${minEffect}`] });
    expect(said.document).toMatchObject({ verdict, metrics: [{ severity: 'critical' }] });
  });

  test('holds for every metric when none is named, and the named one goes before', async () => {
    const slower = latencies(400, 12, 1.3);
    const run = async (...minEffect: string[]) =>
      (await compared(latencies(400, 11), slower, { minEffect })).document.verdict;
    expect(await run('60%')).toBe('pass');
    expect(await run('60%', 'latency=5%')).toBe('fail');
  });
});

describe('data that cannot answer', () => {
  test('an empty arm says so', async () => {
    const said = await compared(latencies(20, 1), []);
    expect(said.exit).toBe(0);
    expect(said.document).toMatchObject({
      verdict: 'inconclusive',
      why: 'latency: nothing to compare with, n = 20 v 0',
    });
    expect(said.document.metrics[0]).toMatchObject({
      n: { baseline: 20, candidate: 0 },
      effect: { value: null },
      severity: 'none',
    });
    expect(said.document.consensus).toEqual({ p: null, score: null });
  });

  test('written as zeros, an empty arm is judged', async () => {
    expect((await compared(latencies(20, 1), Array(20).fill(0))).document.verdict).toBe('pass');
  });

  test('a metric of one file only is inconclusive and hides behind nothing', async () => {
    const two = { metrics: { ...samples(latencies(500, 1)).metrics, tokens: { values: [5, 6, 7] } } };
    const said = await run(file('two.json', two), file('one.json', samples(latencies(500, 1))), {
      failOn: 'inconclusive',
    });
    expect(said).toMatchObject({ exit: 1, document: { why: 'tokens: nothing to compare with, n = 3 v 0' } });
  });

  test('more than one in a hundred values that cannot be true', async () => {
    const broken = latencies(100, 1).map((value, i) => (i < 3 ? -1 : value));
    expect((await compared(broken, latencies(100, 2))).document.why).toMatch(/3 of 200 values are not valid/);
  });

  test.each([
    [4, 4, '0.01', 'latency: n = 4 per arm cannot reach p < 0.01; 6 can'],
    [3, 3, '0.05', 'latency: n = 3 per arm cannot reach p < 0.05; 4 can'],
    [2, 900, '0.01', 'latency: n = 2 v 900 cannot reach p < 0.01; 6 per arm can'],
    [1, 1, '0.05', 'latency: n = 1 per arm cannot reach p < 0.05; 4 can'],
  ])('%i against %i samples at alpha %s say how many could', async (n, m, alpha, why) => {
    const said = await compared(latencies(n, 1), latencies(m, 2), { alpha });
    expect(said.document.why).toBe(why);
  });

  test.each(['0.05', '0.01', '0.001'])('that many do, at alpha %s', async alpha => {
    const few = await compared([1, 2], [50, 60], { alpha });
    const enough = Number(/; (\d+) can$/.exec(few.document.why)![1]);
    const arm = (n: number, top: number) => Array.from({ length: n }, (_, i) => top + i / 100);
    expect((await compared(arm(enough, 100), arm(enough, 900), { alpha })).document.verdict).toBe('fail');
    expect((await compared(arm(enough - 1, 100), arm(enough - 1, 900), { alpha })).document.verdict).toBe(
      'inconclusive',
    );
  });

  test('ten metrics that share alpha need more than one', async () => {
    const metrics = (top: number) =>
      Object.fromEntries(
        Array.from({ length: 10 }, (_, i) => [
          `m${i}`,
          { direction: 'lowerIsBetter', values: [top, top + 1, top + 2, top + 3] },
        ]),
      );
    const said = await run(file('m1.json', { metrics: metrics(10) }), file('m2.json', { metrics: metrics(90) }));
    expect(said.document.why).toBe('m0: n = 4 per arm cannot reach p < 0.05; 5 can');
  });

  test.each([
    [['a', 'b'], undefined, /note: b\d+\.json names cases and c\d+\.json does not: compared as independent samples/],
    [undefined, ['a', 'b'], /note: c\d+\.json names cases and b\d+\.json does not/],
    [['a', 'b'], ['A', 'B'], /note: b\d+\.json and c\d+\.json have no case in common/],
  ])('cases %j against %j cannot be paired, and it is said', async (x, y, note) => {
    count++;
    const arm = (name: string, caseIds?: string[]) =>
      file(`${name}${count}.json`, samples([1, 2], caseIds && { caseIds }));
    expect((await run(arm('b', x), arm('c', y))).text).toMatch(note);
  });

  test('cases that are too few are counted as cases', async () => {
    const caseIds = ['a', 'b', 'c'];
    expect((await compared([1, 2, 3], [10, 20, 30], {}, { caseIds })).document.why).toBe(
      'latency: n = 3 cases cannot reach p < 0.05; 5 can',
    );
  });
});

describe('the document', () => {
  test('has the fields of its contract and no others, and no test without an answer has a p', async () => {
    const withTimeouts = [...latencies(30, 1), ...Array(2).fill('Infinity')];
    const { document } = await compared(withTimeouts as number[], latencies(30, 2));
    expect(Object.keys(document)).toEqual(['verdict', 'why', 'metrics', 'consensus']);
    const [metric] = document.metrics;
    expect(Object.keys(metric)).toEqual(['name', 'n', 'effect', 'severity', 'tests']);
    expect(Object.keys(metric.tests).slice(0, 5)).toEqual([
      'student',
      'welch',
      'mannWhitney',
      'brunnerMunzel',
      'kolmogorovSmirnov',
    ]);
    expect(metric.tests.welch).toMatchObject({ status: 'not_finite', p: null });
    expect(metric.tests.mannWhitney).toMatchObject({ status: 'ok', p: expect.any(Number), ties: true });
    expect(metric.tests.primary).toMatchObject({ test: 'brunnerMunzel', pHolm: expect.any(Number), margin: 0.05 });
  });

  test('says the same twice', async () => {
    const caseIds = latencies(60, 1).map((_, i) => `c${i}`);
    const [x, y] = [latencies(60, 1), latencies(60, 2, 1.1)];
    const documents = await Promise.all([compared(x, y, {}, { caseIds }), compared(x, y, {}, { caseIds })]);
    expect(documents[0].document).toEqual(documents[1].document);
  });
});

test.each([
  [{ p: 0.0321, log10P: -1.5 }, '0.0321'],
  [{ p: 0, log10P: -412.3 }, '5.0e-413'],
  [{ p: null, log10P: null }, '–'],
  [undefined, '–'],
])('the p of %j is shown as %s', (answer, text) => expect(pText(answer)).toBe(text));
