import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { folder, latencies, samples } from './compare.test-support.ts';

const { file, run, at, plain } = folder();
const BOUNDS = [50, 100, 150, 200, 250, 300, 400, 600];

/** What a client would have counted of the same values. */
function counted(values: readonly number[], bounds: readonly number[] = BOUNDS): number[] {
  const counts = new Array<number>(bounds.length + 1).fill(0);
  for (const value of values) {
    const bucket = bounds.findIndex(bound => value <= bound);
    counts[bucket < 0 ? bounds.length : bucket]!++;
  }
  return counts;
}
const binned = (values: readonly number[], more: object = {}) => ({
  metrics: {
    latency: {
      unit: 'ms',
      direction: 'lowerIsBetter',
      histogram: { bounds: BOUNDS, counts: counted(values) },
      ...more,
    },
  },
});
const base = file('base.json', binned(latencies(400, 1)));
const slower = file('slower.json', binned(latencies(400, 2, 1.8)));

describe('two histograms', () => {
  test('are compared by rank tests, and are shown as buckets', async () => {
    const said = await run(base, slower, { html: at('page.html') });
    expect(said.exit).toBe(1);
    await expect(`${said.text}\n`).toMatchFileSnapshot('golden/histogram-table.txt');
    const page = plain(readFileSync(at('page.html'), 'utf8'));
    await expect(page).toMatchFileSnapshot('golden/histogram-page.html');
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page).not.toMatch(/NaN|undefined|Infinity|<script/);
    expect((await run(base, slower, { markdown: true })).text).toMatch(
      /\| `latency` \| 400 v 400 \| 200–250 ms \| 300–400 ms \|/,
    );
  });

  test('have every test in the document: without values a test of means has no p', async () => {
    const [metric] = (await run(base, slower)).document.metrics;
    expect(Object.keys(metric.tests).slice(0, 6)).toEqual([
      'student',
      'welch',
      'mannWhitney',
      'brunnerMunzel',
      'kolmogorovSmirnov',
      'primary',
    ]);
    expect(metric.tests.welch).toEqual({ status: 'needs_values', p: null, log10P: null });
    expect(metric.tests.brunnerMunzel).toMatchObject({ status: 'ok', p: expect.any(Number) });
    expect(metric.tests.primary).toMatchObject({ test: 'brunnerMunzel', margin: 0.05, pHolm: expect.any(Number) });
    expect(metric.tests.buckets).toEqual({ bounds: 8, leastTellable: expect.closeTo(1.2, 9) });
    expect(metric.n).toEqual({ baseline: 400, candidate: 400 });
  });

  test('say what their buckets can tell where that is not enough', async () => {
    const said = await run(base, file('bit.json', binned(latencies(400, 2, 1.1))));
    expect(said).toMatchObject({ exit: 0, document: { verdict: 'inconclusive' } });
    expect(said.document.why).toMatch(/with these buckets nothing below \+20 % can be told: finer buckets would/);
  });

  test('with their last bound written out are the same', async () => {
    const written = binned([], { histogram: { bounds: [...BOUNDS, '+Inf'], counts: counted(latencies(400, 2, 1.8)) } });
    expect((await run(base, file('written.json', written))).document).toEqual((await run(base, slower)).document);
  });

  test('in seconds and milliseconds are compared in one unit', async () => {
    const seconds = binned([], {
      unit: 's',
      histogram: { bounds: BOUNDS.map(ms => ms / 1000), counts: counted(latencies(400, 2, 1.8)) },
    });
    const said = await run(base, file('seconds.json', seconds));
    expect(said.document.metrics).toEqual((await run(base, slower)).document.metrics);
    expect(said.text).toContain('latency turned from s into ms');
  });

  test.each([
    ['all beyond the last bound', [0, 0, 0, 0, 0, 0, 0, 0, 90]],
    ['all in the first bucket', [90, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['empty', [0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ])('%s, an arm is shown without made-up numbers', async (_, counts) => {
    const said = await run(base, file('end.json', binned([], { histogram: { bounds: BOUNDS, counts } })), {
      html: at('end.html'),
    });
    expect(`${said.text}${readFileSync(at('end.html'), 'utf8')}`).not.toMatch(/NaN|undefined|Infinity/);
    expect(said.problems).toEqual([]);
  });
});

test('values beside a histogram are counted in its buckets, and a note says so', async () => {
  const said = await run(
    base,
    file('values.json', samples(latencies(400, 2, 1.8), { caseIds: latencies(400, 2).map((_, i) => `c${i}`) })),
  );
  expect(said.document).toEqual((await run(base, slower)).document);
  expect(said.text).toContain('note: values.json: latency is counted in the buckets of base.json');
  expect((await run(at('values.json'), slower)).exit).toBe(0);
});

describe('what is wrong with a histogram is told at its place', () => {
  const written = (histogram: string, more = '') =>
    `{ "metrics": { "latency": {\n "histogram": ${histogram}${more} } } }`;

  test.each([
    [
      'buckets that differ',
      '{ "bounds": [50, 100,\n 160, 200, 250, 300, 400, 600], "counts": [1, 1, 1, 1, 1, 1, 1, 1, 1] }',
      '',
      '3:2: metrics.latency.histogram.bounds[2]: the buckets differ: bound 3 is 150 in base.json and 160 here; count both arms in the same buckets',
    ],
    [
      'fewer buckets',
      '{ "bounds": [50], "counts": [1, 1] }',
      '',
      '2:27: metrics.latency.histogram.bounds: the buckets differ: bound 2 is 100 in base.json and no more here; count both arms in the same buckets',
    ],
    [
      'a count too few',
      '{ "bounds": [1, 2], "counts": [1, 2] }',
      '',
      '2:45: metrics.latency.histogram.counts: holds 2 counts for 2 bounds: 3 are needed, one a bucket, and the last bucket, beyond all bounds, is open to +Inf',
    ],
    [
      'a count too many',
      '{ "bounds": [1, "+Inf"], "counts": [1, 2, 3] }',
      '',
      '2:50: metrics.latency.histogram.counts: holds 3 counts for 2 bounds: 2 are needed, one a bucket',
    ],
    [
      'falling bounds',
      '{ "bounds": [2, 1], "counts": [1, 2, 3] }',
      '',
      '2:31: metrics.latency.histogram.bounds[1]: must be above the bound before it, 2; found 1',
    ],
    [
      'a word',
      '{ "bounds": [1, "x", 2], "counts": [1, 2, 3, 4] }',
      '',
      '2:31: metrics.latency.histogram.bounds[1]: must be a number; found "x"; only the last bound may be "+Inf"',
    ],
    [
      'a fraction',
      '{ "bounds": [1], "counts": [1.5, 3] }',
      '',
      '2:43: metrics.latency.histogram.counts[0]: must be a whole number, 0 or more; found 1.5: take differences of counters, not rate() or increase()',
    ],
    [
      'a count below 0',
      '{ "bounds": [1], "counts": [1, -3] }',
      '',
      '2:46: metrics.latency.histogram.counts[1]: must be a whole number, 0 or more; found -3',
    ],
    [
      'no finite bound',
      '{ "bounds": ["+Inf"], "counts": [4] }',
      '',
      '2:27: metrics.latency.histogram.bounds: must hold at least one finite bound',
    ],
    [
      'another field',
      '{ "bounds": [1], "counts": [1, 3], "le": 1 }',
      '',
      '2:56: metrics.latency.histogram.le: is not a field of a histogram; allowed: bounds, counts',
    ],
    [
      'values too',
      '{ "bounds": [1], "counts": [1, 3] }',
      ', "values": [1]',
      '2:62: metrics.latency.values: stands beside `histogram`: a metric has one or the other',
    ],
    [
      'cases',
      '{ "bounds": [1], "counts": [1, 3] }',
      ', "caseIds": []',
      '2:63: metrics.latency.caseIds: stands beside `histogram`: a metric has one or the other',
    ],
    [
      'a list',
      '[1, 2]',
      '',
      '2:15: metrics.latency.histogram: must be an object { bounds, counts }, two lists of numbers',
    ],
  ])('%s', async (_, histogram, more, problem) => {
    const said = await run(base, file('wrong.json', written(histogram, more)));
    expect(said.exit).toBe(2);
    expect(said.problems.slice(1)).toEqual([`wrong.json:${problem}`]);
  });
});
