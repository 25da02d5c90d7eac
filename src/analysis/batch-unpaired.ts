/**
 * Two independent samples. Ratios: Brunner–Munzel on the candidate scaled by its margin, exact Mann–Whitney where an arm has
 * fewer than ten values or the samples separate (Brunner–Munzel has no value there). Pass or fail: Fisher's exact test with
 * Newcombe's interval. Other scores: Welch's t against the margin. Every usual test is reported beside the primary one;
 * both arms are sorted once for all of them.
 */
import {
  brunnerMunzel,
  cliffsDelta,
  cohensD,
  fisherExact,
  hedgesG,
  hodgesLehmann,
  kolmogorovSmirnov,
  mannWhitney,
  type PreparedSample,
  prepareSample,
  quantileInterval,
  quantileOfSorted,
  ratioOfGeometricMeans,
  studentT,
  twoProportions,
  welchT,
} from '../stats/battery.ts';
import type { CleanSamples } from './batch-data.ts';
import {
  type Comparison,
  type ComparisonOptions,
  effectOf,
  FEWEST_FOR_BRUNNER_MUNZEL,
  harmOf,
  leastRankP,
  numbersOf,
  type TestNumbers,
  withinReach,
} from './comparison.ts';

export function compareUnpaired(samples: CleanSamples, options: ComparisonOptions): Comparison {
  const { scale } = samples;
  const [baseline, candidate] = [prepareSample(samples.baseline), prepareSample(samples.candidate)];
  const isPassFail = [...samples.baseline, ...samples.candidate].every(value => value === 0 || value === 1);
  const compare = scale === 'ratio' ? compareRatio : isPassFail ? compareRates : compareScores;
  const found = compare(baseline, candidate, options);
  const first = baseline.values[0]!;
  return {
    ...found,
    n: { baseline: baseline.length, candidate: candidate.length },
    effect:
      scale === 'ratio' && ![baseline, candidate].every(hasFactor)
        ? { kind: scale, value: null, low: null, high: null }
        : effectOf(scale, options.worse === 'higher', found.harm),
    leastP: leastRankP(baseline.length, candidate.length),
    allTied: baseline.values.every(value => value === first) && candidate.values.every(value => value === first),
    tests: { ...usualTests(baseline, candidate), ...found.tests },
  };
}

/** Nothing is a multiple of zero, and a time-out is a multiple of nothing: ranks still tell which arm is worse. */
function hasFactor({ sorted }: PreparedSample): boolean {
  const middle = quantileOfSorted(sorted, 0.5);
  return middle > 0 && Number.isFinite(middle);
}

type Found = Pick<Comparison, 'harm' | 'p' | 'primary' | 'opinions' | 'tests'>;

function compareRatio(baseline: PreparedSample, candidate: PreparedSample, options: ComparisonOptions): Found {
  const { worse, minEffect, alpha } = options;
  const factor = worse === 'higher' ? 1 / (1 + minEffect) : 1 + minEffect;
  const scaled = prepareSample(candidate.values.map(value => value * factor));
  const alternative = worse === 'higher' ? 'greater' : 'less';
  const rank = mannWhitney(scaled, baseline, { alternative });
  const few = Math.min(baseline.length, candidate.length) < FEWEST_FOR_BRUNNER_MUNZEL;
  const munzel = few ? null : brunnerMunzel(scaled, baseline, { alternative });
  const primary = munzel?.status === 'ok' ? munzel : rank;
  const geometric = ratioOfGeometricMeans(scaled, baseline, { alternative, confidence: 1 - alpha });

  const bounded = withinReach([...baseline.values, ...candidate.values]);
  const [x, y] = [baseline.values.map(bounded), candidate.values.map(bounded)];
  const { shift, ci } = hodgesLehmann(y, x, { confidence: 1 - alpha });
  const [low, high] = worse === 'higher' ? ci : [-ci[1], -ci[0]];
  const opinions = [{ p: primary.p, weight: 0.5 }];
  if (geometric.status === 'ok') opinions.push({ p: geometric.p, weight: 0.3 });
  // This test speaks of the distribution function, which lies below where the values are larger.
  const shape = kolmogorovSmirnov(scaled, baseline, { alternative: worse === 'higher' ? 'less' : 'greater' });
  opinions.push({ p: shape.p, weight: 0.2 });
  return {
    harm: { value: worse === 'higher' ? shift : -shift, low, high, margin: Math.log1p(minEffect) },
    p: primary.p,
    primary: primary === rank ? 'mannWhitney' : 'brunnerMunzel',
    opinions,
    tests: {
      primary: { ...numbersOf(primary), alternative, margin: minEffect },
      welchLn: numbersOf(ratioOfGeometricMeans(candidate, baseline, { confidence: 1 - alpha })),
      hodgesLehmannLn: { shift, low: numbersOf({ low: ci[0] }).low!, high: numbersOf({ high: ci[1] }).high! },
    },
  };
}

function compareRates(baseline: PreparedSample, candidate: PreparedSample, options: ComparisonOptions): Found {
  const { worse, minEffect, alpha } = options;
  const tally = ({ values }: PreparedSample) => ({
    events: values.filter(value => value === 1).length,
    trials: values.length,
  });
  const alternative = worse === 'higher' ? 'greater' : 'less';
  const exact = fisherExact(tally(candidate), tally(baseline), { alternative });
  const rates = twoProportions(tally(candidate), tally(baseline), { confidence: 1 - alpha });
  const [low, high] = rates.newcombe;
  return {
    harm: harmOf(rates.difference, [low, high], { worse, minEffect }),
    p: exact.p,
    primary: 'fisherExact',
    opinions: [{ p: exact.p, weight: 1 }],
    tests: {
      primary: { ...numbersOf(exact), alternative, margin: 0 },
      fisherExact: numbersOf(fisherExact(tally(candidate), tally(baseline))),
      twoProportions: numbersOf(rates),
    },
  };
}

function compareScores(baseline: PreparedSample, candidate: PreparedSample, options: ComparisonOptions): Found {
  const { worse, minEffect, alpha } = options;
  const towards = worse === 'higher' ? -minEffect : minEffect;
  const shifted = candidate.values.map(value => value + towards);
  const alternative = worse === 'higher' ? 'greater' : 'less';
  const test = welchT(shifted, baseline, { alternative });
  const { meanDifference, ci } = welchT(candidate, baseline, { confidence: 1 - alpha });
  return {
    harm: harmOf(meanDifference, ci, { worse, minEffect }),
    p: test.p,
    primary: 'welch',
    opinions: [{ p: test.p, weight: 1 }],
    tests: { primary: { ...numbersOf(test), alternative, margin: minEffect } },
  };
}

function usualTests(baseline: PreparedSample, candidate: PreparedSample): TestNumbers {
  return {
    student: numbersOf(studentT(candidate, baseline)),
    welch: numbersOf(welchT(candidate, baseline)),
    mannWhitney: numbersOf(mannWhitney(candidate, baseline)),
    brunnerMunzel: numbersOf(brunnerMunzel(candidate, baseline)),
    kolmogorovSmirnov: numbersOf(kolmogorovSmirnov(candidate, baseline)),
    cohensD: numbersOf(cohensD(candidate, baseline)),
    hedgesG: numbersOf(hedgesG(candidate, baseline)),
    cliffsDelta: numbersOf(cliffsDelta(candidate, baseline)),
    quantiles: { ...quantiles('baseline', baseline), ...quantiles('candidate', candidate) },
  };
}

/** A tail is reported where at least ten values lie beyond it. */
function quantiles(arm: string, values: PreparedSample): Record<string, number | null> {
  const out: Record<string, number | null> = {};
  for (const q of [0.5, 0.95, 0.99]) {
    if (values.length * (1 - q) < 9.999 && q !== 0.5) continue;
    const { value, ci } = quantileInterval(values, q);
    const name = `${arm}P${q * 100}`;
    for (const [suffix, number] of [
      ['', value],
      ['Low', ci[0]],
      ['High', ci[1]],
    ] as const)
      out[name + suffix] = Number.isFinite(number) ? number : null;
  }
  return out;
}
