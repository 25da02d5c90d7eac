import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nativeBound } from '../../stats/native-grid.ts';
import { type NativeJson, readResult, type VectorItem } from './answer.ts';
import { intervalOf } from './interval.ts';
import { nativeBuckets } from './native-json.ts';
import { countedSince, type Reading } from './reading.ts';
import { readScrape, type Scrape } from './scrape.ts';

interface Pod {
  pod?: string;
  arm?: 'baseline' | 'candidate';
  /** Cumulative, by `le` as it is written. */
  buckets?: Record<string, number>;
  histogram?: NativeJson;
}

/** Latencies of pods, and one request each, so that there is an interval. */
function scrapeOf(at: number, ...pods: Pod[]): Scrape {
  const role = (labels: Record<string, string>, name: string) => ({
    labels: { ...labels, spillway_role: name },
    atMs: 0,
  });
  const items = pods.flatMap(({ pod = 'p1', arm = 'candidate', buckets = {}, histogram }): VectorItem[] => {
    const own = { job: 'web', instance: pod };
    const name = `${arm}/histogram/latency`;
    const native = histogram
      ? [
          { ...role(own, name), histogram },
          { ...role(own, `at/${name}`), value: at },
        ]
      : [];
    const classic = Object.entries(buckets).flatMap(([le, value]) => [
      { ...role({ ...own, le }, name), value },
      { ...role({ ...own, le }, `at/${name}`), value: at },
    ]);
    const requests = [
      { ...role(own, `${arm}/requests`), value: at },
      { ...role(own, `at/${arm}/requests`), value: at },
    ];
    return [...requests, ...native, ...classic];
  });
  return readScrape(items);
}

const between = (before: Scrape, now: Scrape) => {
  const found = intervalOf(before.series, now);
  if (!('interval' in found)) throw new Error(found.silent);
  return { latency: found.interval.histograms?.['latency'], gaps: found.gaps };
};
const NOTHING = { '0.1': 0, '0.5': 0, '+Inf': 0 };
const numbers = (sample: { bounds: Float64Array; counts: Float64Array } | undefined) =>
  sample && { bounds: [...sample.bounds], counts: [...sample.counts] };

describe('a classic histogram between two scrapes', () => {
  const both = (at: number, candidate: Record<string, number>) =>
    scrapeOf(at, { arm: 'baseline', pod: 'b', buckets: NOTHING }, { buckets: candidate });

  test('is the values of each bucket that came in between, for both arms in the same buckets', () => {
    const { latency } = between(both(1, { '0.1': 1, '0.5': 2, '+Inf': 2 }), both(2, { '0.1': 4, '0.5': 7, '+Inf': 8 }));
    expect(numbers(latency?.candidate)).toEqual({ bounds: [0.1, 0.5], counts: [3, 2, 1] });
    expect(numbers(latency?.baseline)).toEqual({ bounds: [0.1, 0.5], counts: [0, 0, 0] });
  });

  test('begins anew as a whole when one bucket fell, also those that are larger than before', () => {
    const { latency } = between(
      both(1, { '0.1': 0, '0.5': 0, '+Inf': 20 }),
      both(2, { '0.1': 5, '0.5': 6, '+Inf': 7 }),
    );
    expect(numbers(latency?.candidate)?.counts).toEqual([5, 1, 1]);
  });

  test('begins anew with other bounds, which are those of another process', () => {
    const { latency } = between(
      scrapeOf(1, { buckets: { '0.1': 3, '+Inf': 4 } }),
      scrapeOf(2, { buckets: { '0.1': 5, '0.5': 6, '+Inf': 6 } }),
    );
    expect(numbers(latency?.candidate)?.counts).toEqual([5, 1, 0]);
  });

  test.each(['old first', 'new first'])('leaves out buckets that an older scrape left behind, %s', order => {
    const item = (le: string, value: number, at: number): VectorItem[] => {
      const labels = { job: 'web', instance: 'p1', le };
      return [
        { labels: { ...labels, spillway_role: 'candidate/histogram/latency' }, atMs: 0, value },
        { labels: { ...labels, spillway_role: 'at/candidate/histogram/latency' }, atMs: 0, value: at },
      ];
    };
    const [old, fresh] = [item('0.7', 9, 1), [...item('0.1', 2, 2), ...item('+Inf', 3, 2)]];
    const { series } = readScrape(order === 'old first' ? [...old, ...fresh] : [...fresh, ...old]);
    const cumulative = new Map([
      [0.1, 2],
      [Number.POSITIVE_INFINITY, 3],
    ]);
    expect([...series.values()].map(({ reading }) => reading)).toEqual([{ kind: 'classic', cumulative }]);
  });

  test('reads bounds as numbers, however they are written', () => {
    const { latency } = between(
      scrapeOf(1, { buckets: { '1': 1, '+Inf': 1 } }),
      scrapeOf(2, { buckets: { '1.0': 3, Inf: 4 } }),
    );
    expect(numbers(latency?.candidate)).toEqual({ bounds: [1], counts: [2, 1] });
  });

  test('is merged to the bounds of the coarser series where the finer ones have them all', () => {
    const fine = { pod: 'p2', buckets: { '0.1': 1, '0.2': 2, '0.5': 3, '+Inf': 3 } };
    const { latency } = between(
      scrapeOf(1, { buckets: NOTHING }, { pod: 'p2', buckets: { '0.1': 0, '0.2': 0, '0.5': 0, '+Inf': 0 } }),
      scrapeOf(2, { buckets: { '0.1': 1, '0.5': 1, '+Inf': 2 } }, fine),
    );
    expect(numbers(latency?.candidate)).toEqual({ bounds: [0.1, 0.5], counts: [2, 2, 1] });
  });

  test('is left out with a reason where bounds merely overlap, and the counts stay', () => {
    const other = (value: number) => ({ pod: 'p2', buckets: { '0.1': value, '0.7': value, '+Inf': value } });
    const { latency, gaps } = between(
      scrapeOf(1, { buckets: NOTHING }, other(0)),
      scrapeOf(2, { buckets: NOTHING }, other(1)),
    );
    expect(latency).toBeUndefined();
    expect(gaps).toContainEqual({
      metric: 'latency',
      reason: 'the buckets of the series differ: one has the bound 0.5, another 0.1, 0.7, Infinity',
    });
  });

  test.each<[string, Record<string, number>, string]>([
    ['without the bucket of all values', { '0.1': 1 }, '+Inf'],
    ['with counts that are not whole', { '0.1': 0.5, '+Inf': 1.5 }, 'whole numbers'],
    ['with a bound that is no number', { fast: 1, '+Inf': 1 }, 'the label le must be a number'],
  ])('%s is left out with a reason', (_name, buckets, reason) => {
    const empty = Object.fromEntries(Object.keys(buckets).map(le => [le, 0]));
    const { gaps } = between(scrapeOf(1, { buckets: empty }), scrapeOf(2, { buckets }));
    expect(gaps).toContainEqual({ metric: 'latency', reason: expect.stringContaining(reason) });
  });

  test('of any number of pods is the sum of what each observed in between', () => {
    const observed = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.array(fc.tuple(observed, observed), { minLength: 1, maxLength: 5 }), pods => {
        const les = ['1', '2', '+Inf'];
        const cumulative = (values: number[]) =>
          Object.fromEntries(
            les.map(le => [le, values.filter(value => value <= Number(le.replace('+', '')) || le === '+Inf').length]),
          );
        const scrape = (at: number, values: number[][]) =>
          scrapeOf(at, ...values.map((all, i) => ({ pod: `p${i}`, buckets: cumulative(all) })));
        const { latency } = between(
          scrape(
            1,
            pods.map(([first]) => first),
          ),
          scrape(
            2,
            pods.map(([first, second]) => [...first, ...second]),
          ),
        );
        const later = pods.flatMap(([, second]) => second);
        expect(numbers(latency?.candidate)?.counts).toEqual([
          later.filter(value => value <= 1).length,
          later.filter(value => value === 2).length,
          later.filter(value => value === 3).length,
        ]);
      }),
    );
  });
});

/** As the HTTP API writes it: text, empty buckets left out, the zero bucket inclusive at both ends. */
function asJson(schema: number, counts: Record<number, number>, zero?: [threshold: number, count: number]): NativeJson {
  const buckets: [number, string, string, string][] = zero
    ? [[3, String(-zero[0]), String(zero[0]), String(zero[1])]]
    : [];
  for (const [index, count] of Object.entries(counts))
    buckets.push([
      0,
      String(nativeBound(schema, Number(index) - 1)),
      String(nativeBound(schema, Number(index))),
      String(count),
    ]);
  const total = Object.values(counts).reduce((sum, count) => sum + count, zero?.[1] ?? 0);
  return { count: String(total), sum: '0', buckets };
}

describe('a native histogram', () => {
  test('is read from the documented form', () => {
    const body = {
      status: 'success',
      data: {
        resultType: 'vector',
        result: [
          {
            metric: { job: 'web' },
            histogram: [
              1_435_781_451.781,
              {
                count: '9',
                sum: '12.5',
                buckets: [
                  [3, '-0.001', '0.001', '2'],
                  [0, '0.7071067811865475', '1', '3'],
                  [0, '1', '1.414213562373095', '4'],
                ],
              },
            ],
          },
        ],
      },
    };
    const result = readResult(body);
    const [item] = result.type === 'vector' ? result.items : [];
    expect(nativeBuckets(item!.histogram!)).toEqual({
      schema: 1,
      zeroThreshold: 0.001,
      zeroCount: 2,
      indexes: [0, 1],
      counts: [3, 4],
    });
  });

  test('keeps its schema and every index through the bounds of the answer', () => {
    const index = fc.integer({ min: -40, max: 40 });
    fc.assert(
      fc.property(fc.integer({ min: -2, max: 8 }), fc.uniqueArray(index, { minLength: 1 }), (schema, indexes) => {
        const found = nativeBuckets(asJson(schema, Object.fromEntries(indexes.map(i => [i, 1]))));
        expect(found.schema).toBe(schema);
        expect([...found.indexes].sort((a, b) => a - b)).toEqual([...indexes].sort((a, b) => a - b));
      }),
    );
  });

  test('counts what came in between, exactly also when it became coarser meanwhile', () => {
    const before = scrapeOf(1, { histogram: asJson(1, { 1: 2, 2: 3 }) });
    const now = scrapeOf(2, { histogram: asJson(0, { 1: 9, 2: 1 }) });
    const { latency } = between(before, now);
    expect(numbers(latency?.candidate)).toEqual({ bounds: [0, 1, 2, 4], counts: [0, 0, 4, 1, 0] });
  });

  test('that restarted holds what came since', () => {
    const native = (counts: Record<number, number>): Reading => ({
      kind: 'native',
      buckets: nativeBuckets(asJson(2, counts)),
    });
    expect(countedSince(native({ 1: 5, 4: 1 }), native({ 1: 2, 4: 7 }))).toEqual(native({ 1: 2, 4: 7 }));
    const zeros = (count: number): Reading => ({
      kind: 'native',
      buckets: nativeBuckets(asJson(2, { 1: 1 }, [0.001, count])),
    });
    expect(countedSince(zeros(5), zeros(2))).toEqual(zeros(2));
  });

  test('is summed over the pods of an arm and compared with the other in common buckets', () => {
    const pods = (at: number, n: number) =>
      scrapeOf(
        at,
        { histogram: asJson(3, { 5: n }, [0.001, n]) },
        { pod: 'p2', histogram: asJson(2, { 3: n }) },
        { pod: 'b', arm: 'baseline', histogram: asJson(3, { 6: 2 * n }) },
      );
    const { latency } = between(pods(1, 1), pods(2, 4));
    expect(latency?.candidate.length).toBe(9);
    expect(latency?.baseline.length).toBe(6);
    expect([...latency!.candidate.bounds]).toEqual([...latency!.baseline.bounds]);
  });

  test('counts requests, too, where no other counter does', () => {
    const item = (at: number, histogram: NativeJson): VectorItem[] => {
      const labels = { job: 'web', instance: 'p1' };
      return [
        { labels: { ...labels, spillway_role: 'candidate/requests' }, atMs: 0, histogram },
        { labels: { ...labels, spillway_role: 'at/candidate/requests' }, atMs: 0, value: at },
      ];
    };
    const before = readScrape(item(1, asJson(0, { 1: 2 })));
    const found = intervalOf(before.series, readScrape(item(2, asJson(0, { 1: 5 }))));
    expect(found).toMatchObject({ interval: { requests: { candidate: { count: 3, errors: 0 } } } });
  });

  test.each<[string, NativeJson, string]>([
    ['negative values', { count: '1', sum: '0', buckets: [[1, '-2', '-1', '1']] }, 'none of a native histogram'],
    ['buckets that are closed at the other end', { count: '1', sum: '0', buckets: [[1, '1', '2', '1']] }, 'none of a'],
    ['custom bounds', { count: '1', sum: '0', buckets: [[0, '1', '100000000', '1']] }, 'query the classic series'],
    [
      'bounds of no schema',
      {
        count: '2',
        sum: '0',
        buckets: [
          [0, '1', '2', '1'],
          [0, '3', '5', '1'],
        ],
      },
      'none of schema 0',
    ],
    ['counts of rate()', { count: '1', sum: '0', buckets: [[0, '1', '2', '0.5']] }, 'not rate()'],
  ])('with %s is left out with a reason', (_name, histogram, reason) => {
    expect(scrapeOf(1, { histogram }).flaws).toEqual([
      { measure: 'histogram/latency', reason: expect.stringContaining(reason) },
    ]);
  });

  test('beside classic ones is left out with a reason', () => {
    const mixed = (at: number) =>
      scrapeOf(at, { histogram: asJson(0, { 1: at }) }, { pod: 'p2', buckets: { '1': at, '+Inf': at } });
    expect(between(mixed(1), mixed(2)).gaps).toContainEqual({
      metric: 'latency',
      reason: 'some series are classic histograms and some are native ones',
    });
  });
});
