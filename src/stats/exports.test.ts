/*
 * The public face of `spillway/stats`: names, the forms of calls and the fields of results. What is renamed here breaks users.
 */
import { readFileSync } from 'node:fs';
import { expect, describe as group, test } from 'vitest';
import * as stats from './index.ts';

const X = [3, 1, 4, 1.5, 5, 9, 2, 6];
const Y = Float64Array.of(5, 3.5, 5.8, 9.7, 9.3, 2.3, 8.4, 6.2);
const TEST = ['status', 'p', 'log10P'];
const T = [...TEST, 't', 'df', 'meanDifference', 'se', 'ci'];
const BINNED = stats.binnedSample([2, 5], [2, 4, 2]);
const BOOTSTRAP = ['status', 'estimate', 'ci', 'bias', 'acceleration'];
const [upward, slower] = [{ alternative: 'greater' }, { alternative: 'less', confidence: 0.9 }] as const;

const RESULTS: [call: string, result: object, fields: string[]][] = [
  ['describe', stats.describe(X), ['status', 'n', 'mean', 'sd', 'variance', 'min', 'max', 'p50', 'p90', 'p95', 'p99']],
  ['quantileInterval', stats.quantileInterval(Y, 0.5, { confidence: 0.9 }), ['status', 'value', 'ci']],
  ['studentT', stats.studentT(X, Y, slower), T],
  ['welchT', stats.welchT(X, Y, slower), T],
  ['pairedT', stats.pairedT(X, Y, slower), T],
  ['ratioOfGeometricMeans', stats.ratioOfGeometricMeans(X, Y, slower), [...TEST, 'ratio', 'ci', 't', 'df']],
  [
    'mannWhitney',
    stats.mannWhitney(X, Y, { ...upward, method: 'asymptotic', continuity: false }),
    [...TEST, 'u1', 'u2', 'z', 'ties', 'cliffsDelta', 'a12', 'method'],
  ],
  [
    'kolmogorovSmirnov',
    stats.kolmogorovSmirnov(X, Y, { ...upward, method: 'exact' }),
    [...TEST, 'd', 'dPlus', 'dMinus', 'method'],
  ],
  ['brunnerMunzel', stats.brunnerMunzel(X, Y, upward), [...TEST, 'w', 'df']],
  [
    'wilcoxonSignedRank',
    stats.wilcoxonSignedRank(X, Y, upward),
    [...TEST, 'wPlus', 'wMinus', 'nonzero', 'pseudoMedian', 'method'],
  ],
  ['signTest', stats.signTest(X, Y, upward), [...TEST, 'positive', 'nonzero']],
  ['signFlip', stats.signFlip(X, { ...upward, seed: 2 }), [...TEST, 'n', 'mean', 'method']],
  [
    'mcNemar',
    stats.mcNemar(1, 12, upward),
    [...TEST, 'exact', 'mid', 'chi2', 'chi2P', 'chi2Corrected', 'chi2CorrectedP'],
  ],
  [
    'fisherExact',
    stats.fisherExact(
      [
        [4, 74],
        [2, 66],
      ],
      upward,
    ),
    [...TEST, 'oddsRatio'],
  ],
  ['twoProportions', stats.twoProportions(56, 70, 48, 80, slower), [...TEST, 'z', 'difference', 'newcombe', 'wilson']],
  ['cohensD', stats.cohensD(X, Y), ['status', 'd']],
  ['hedgesG', stats.hedgesG(X, Y), ['status', 'g']],
  ['cliffsDelta', stats.cliffsDelta(X, Y), ['status', 'delta', 'a12']],
  ['hodgesLehmann', stats.hodgesLehmann(X, Y, { confidence: 0.9 }), ['status', 'shift', 'ci']],
  [
    'permutationMeanDifference',
    stats.permutationMeanDifference(X, Y.subarray(2), { ...upward, seed: 2, resamples: 99 }),
    [...TEST, 'meanDifference', 'method'],
  ],
  ['bootstrapBca of one', stats.bootstrapBca(X, { seed: 2, resamples: 99 }), BOOTSTRAP],
  ['bootstrapBca of two', stats.bootstrapBca(X, Y, { seed: 2, resamples: 99 }), BOOTSTRAP],
  ['binnedSample', BINNED, ['bounds', 'counts', 'length', 'native']],
  ['binnedQuantile', stats.binnedQuantile(BINNED, 0.5), ['status', 'low', 'high', 'ci']],
  ['binnedShift', stats.binnedShift(BINNED, stats.binnedValues(Y, BINNED)), ['status', 'shift', 'range', 'ci']],
  ['cauchyCombination', stats.cauchyCombination([0.1, 0.02], [1, 3]), ['t', 'p', 'log10P']],
];

group('results have exactly their fields', () => {
  test.each(RESULTS)('%s', (_call, result, fields) => {
    expect(Object.keys(result).sort()).toEqual([...fields].sort());
    for (const [field, value] of Object.entries(result)) {
      if (typeof value === 'number') expect(value, field).not.toBeNaN();
    }
  });
});

group('calls', () => {
  test('take a prepared sample wherever they take an array', () => {
    const [x, y] = [stats.prepareSample(X), stats.prepareSample(Y)];
    expect(stats.pairedT(x, y)).toEqual(stats.pairedT(X, Y));
    expect(stats.signTest(x, y)).toEqual(stats.signTest(X, Y));
    expect(stats.bootstrapBca(x, y)).toEqual(stats.bootstrapBca(X, Y));
    expect(stats.permutationMeanDifference(x, y)).toEqual(stats.permutationMeanDifference(X, Y));
  });

  test('take pairs or their differences, counts or tallies, tables or tallies', () => {
    const d = X.map((value, i) => value - Y[i]!);
    expect(stats.wilcoxonSignedRank(X, Y, upward)).toEqual(stats.wilcoxonSignedRank(d, upward));
    expect(stats.signTest(X, Y, upward)).toEqual(stats.signTest(d, upward));
    const [x, y] = [
      { events: 4, trials: 78 },
      { events: 2, trials: 68 },
    ];
    expect(stats.twoProportions(4, 78, 2, 68, slower)).toEqual(stats.twoProportions(x, y, slower));
    expect(
      stats.fisherExact(
        [
          [4, 74],
          [2, 66],
        ],
        upward,
      ),
    ).toEqual(stats.fisherExact(x, y, upward));
    expect(
      stats.fisherExact([
        [4, 74],
        [2, 66],
      ]).p,
    ).toBeCloseTo(0.68549343, 7);
    expect(() => stats.signTest(X, [1])).toThrow('paired samples need equal lengths, got 8 and 1');
    expect(() => stats.twoProportions(5, 4, 1, 2)).toThrow(/got 5 of 4/);
    expect(() =>
      stats.fisherExact([
        [1, 2],
        [-3, 4],
      ]),
    ).toThrow(/got -3 of 1/);
  });

  test.each<[unknown, string]>([
    [[1, null, 3], 'found null at index 1'],
    [[1, 2, '3'], 'found "3" at index 2'],
    [[undefined], 'found nothing at index 0'],
    [{}, 'must be an array of numbers, got [object Object]'],
    [undefined, 'must be an array of numbers, got undefined'],
    ['12', 'must be an array of numbers, got 12'],
  ])('of samples refuse %j, and say what it is and where', (wrong, message) => {
    const tests: ((x: never) => unknown)[] = [
      stats.describe,
      x => stats.welchT(x, [1, 2]),
      x => stats.mannWhitney([1, 2], x),
      x => stats.kolmogorovSmirnov(x, [1, 2]),
      x => stats.brunnerMunzel([1, 2], x),
      x => stats.hodgesLehmann(x, [1, 2]),
      x => stats.permutationMeanDifference(x, [1, 2]),
      x => stats.signTest(x, [1, 2, 3]),
      stats.prepareSample,
    ];
    for (const run of tests) expect(() => run(wrong as never)).toThrow(message);
  });

  test('with a word that is no alternative or no method are refused, not guessed', () => {
    const wrong = { alternative: 'two.sided', method: 'asymp' } as never;
    const tests: ((x: stats.Sample, y: stats.Sample, options: never) => unknown)[] = [
      stats.studentT,
      stats.mannWhitney,
      stats.kolmogorovSmirnov,
      stats.brunnerMunzel,
      stats.signTest,
      stats.wilcoxonSignedRank,
      stats.permutationMeanDifference,
    ];
    for (const run of tests)
      expect(() => run(X, Y, wrong)).toThrow(`alternative must be 'two-sided', 'greater' or 'less', got "two.sided"`);
    expect(() => stats.twoProportions(1, 2, 3, 4, wrong)).toThrow(RangeError);
    const misspelt = { method: 'asymp' } as never;
    for (const run of [stats.mannWhitney, stats.kolmogorovSmirnov])
      expect(() => run(X, Y, misspelt)).toThrow('got "asymp"');
    expect(() => stats.wilcoxonSignedRank(X, Y, misspelt)).toThrow('got "asymp"');
  });

  test('of corrections give one number for each p', () => {
    for (const correct of [stats.holm, stats.benjaminiHochberg, stats.bonferroni])
      expect(correct([0.01, 0.04])).toEqual([0.02, correct === stats.bonferroni ? 0.08 : 0.04]);
  });

  test('of sequential processes go through initial, update and logE, and come back from bytes', () => {
    const counts = { baselineTrials: 9, baselineEvents: 0, candidateTrials: 1, candidateEvents: 1 };
    const values = { baseline: [0.2, 0.4], candidate: [0.9] };
    const processes: [stats.EProcess<never, never>, object | number][] = [
      [stats.oddsRatioEProcess() as never, counts],
      [stats.rankScoreEProcess() as never, values],
      [stats.exactRankScoreEProcess() as never, values],
      [stats.boundedBetEProcess() as never, values],
      [stats.exceedanceEProcess({ p: 0.95 }) as never, values],
      [stats.histogramEProcess() as never, { baseline: BINNED, candidate: BINNED }],
      [stats.eventShareEProcess() as never, { candidateEvents: 3, totalEvents: 4, share: 0.5 }],
      [stats.symmetricSliceEProcess() as never, 0.1],
    ];
    for (const [process, block] of processes) {
      const state = process.update(process.update(process.initial(), block as never), block as never);
      expect(process.logE(process.decode(process.encode(state)))).toBe(process.logE(state));
      expect(Number.isFinite(process.logE(state))).toBe(true);
    }
    for (const sequence of [
      stats.dkwConfidenceSequence({ alpha: 0.05 }),
      stats.betaBinomialConfidenceSequence({ alpha: 0.05 }),
      stats.asymptoticConfidenceSequence({ alpha: 0.05 }),
    ])
      expect(sequence.decode(sequence.encode(sequence.initial() as never))).toEqual(sequence.initial());
    expect(stats.halfNormalMixture(10, 100, 63.003)).toBeCloseTo(0.2803, 4);
    expect(stats.averageEValues([1, 3])).toBe(2);
  });
});

test('the reference page lists every export, and nothing that does not exist', () => {
  const page = readFileSync(new URL('../../docs/reference/stats.md', import.meta.url), 'utf8');
  const exported = Object.keys(stats);
  for (const name of exported) expect(page, `docs/reference/stats.md does not mention ${name}`).toContain(name);
  const called = [...page.matchAll(/^\| `(\w+)\(/gm), ...page.matchAll(/, `(\w+)\(/g)].map(match => match[1]!);
  const methods = ['quantileBounds', 'exceedanceLogE', 'bounds', 'update', 'fold', 'foldDifference', 'encode', 'logE'];
  expect(called.filter(name => !exported.includes(name) && !methods.includes(name))).toEqual([]);
});
