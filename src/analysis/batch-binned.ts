/**
 * Two independent arms of which at least one is a histogram. As for values: Brunner–Munzel on the candidate less its margin,
 * Mann–Whitney where an arm has fewer than ten values or the samples separate; but nothing is interpolated within a bucket, so
 * where the buckets are wider than the change the answer is `inconclusive`, and it says what they could tell at best.
 */
import {
  type BinnedMargin,
  type BinnedQuantile,
  type BinnedSample,
  type BinnedShift,
  binnedQuantile,
  binnedShift,
  brunnerMunzel,
  cliffsDelta,
  kolmogorovSmirnov,
  leastTellable,
  lessMargin,
  mannWhitney,
} from '../stats/battery.ts';
import type { CleanBins } from './batch-bins.ts';
import {
  type Comparison,
  type ComparisonOptions,
  effectOf,
  FEWEST_FOR_BRUNNER_MUNZEL,
  leastRankP,
  numbersOf,
  type TestNumbers,
} from './comparison.ts';
import { figure } from './phrases.ts';

export function compareBinned({ baseline, candidate, scale }: CleanBins, options: ComparisonOptions): Comparison {
  const { worse, minEffect, alpha } = options;
  const margin: BinnedMargin = { margin: minEffect, worse, scale };
  const harmless = lessMargin(candidate, margin);
  const alternative = worse === 'higher' ? 'greater' : 'less';
  const rank = mannWhitney(harmless, baseline, { alternative });
  const few = Math.min(baseline.length, candidate.length) < FEWEST_FOR_BRUNNER_MUNZEL;
  const munzel = few ? null : brunnerMunzel(harmless, baseline, { alternative });
  const primary = munzel?.status === 'ok' ? munzel : rank;
  // This test speaks of the distribution function, which lies below where the values are larger.
  const shape = kolmogorovSmirnov(harmless, baseline, { alternative: worse === 'higher' ? 'less' : 'greater' });

  const shift = binnedShift(candidate, baseline, { confidence: 1 - alpha, scale });
  const harm = harmOfShift(shift, { worse, margin: scale === 'ratio' ? Math.log1p(minEffect) : minEffect });
  const open = openHarm(shift, worse);
  const isHidden = open[0] <= harm.margin && open[1] >= harm.margin;
  const least = leastTellable(candidate, margin);
  return {
    n: { baseline: baseline.length, candidate: candidate.length },
    effect: effectOf(scale, worse === 'higher', harm),
    harm,
    p: primary.p,
    primary: primary === rank ? 'mannWhitney' : 'brunnerMunzel',
    leastP: leastRankP(baseline.length, candidate.length),
    opinions: [
      { p: primary.p, weight: 0.5 },
      { p: shape.p, weight: 0.2 },
    ],
    tests: {
      primary: { ...numbersOf(primary), alternative, margin: minEffect },
      ...usualTests(baseline, candidate),
      [scale === 'ratio' ? 'hodgesLehmannLn' : 'hodgesLehmann']: numbersOf(shift),
      buckets: numbersOf({ bounds: baseline.bounds.length, leastTellable: least }),
    },
    allTied: isAllZero(baseline) && isAllZero(candidate),
    limit: isHidden
      ? limitPhrase(least, margin)
      : samplesPhrase({ harm, open }, Math.max(baseline.length, candidate.length)),
  };
}

/** The bucket up to 0 of values that are not below it is one value; any other may hold many. */
function isAllZero({ bounds, counts, length }: BinnedSample): boolean {
  return bounds[0] === 0 && counts[0] === length;
}

function harmOfShift(
  { shift, ci: [low, high] }: BinnedShift,
  { worse, margin }: { worse: 'higher' | 'lower'; margin: number },
): Comparison['harm'] {
  return worse === 'higher' ? { value: shift, low, high, margin } : { value: -shift, low: -high, high: -low, margin };
}

/** What these buckets leave open however many values there are, as harm. */
function openHarm({ range: [low, high] }: BinnedShift, worse: 'higher' | 'lower'): [low: number, high: number] {
  return worse === 'higher' ? [low, high] : [-high, -low];
}

/** More values narrow the interval to what the buckets leave open, and no further: how many until that end passes the margin. */
function samplesPhrase(
  { harm, open: [low, high] }: { harm: Comparison['harm']; open: [low: number, high: number] },
  most: number,
): string {
  const [slack, room] =
    low > harm.margin ? [low - harm.low, low - harm.margin] : [harm.high - high, harm.margin - high];
  const wanted = Math.ceil(most * (slack / room) ** 2);
  return Number.isFinite(wanted) && wanted > most
    ? `about ${wanted} samples an arm would tell if the change is as it looks`
    : '';
}

function limitPhrase(least: number, { worse, scale }: BinnedMargin): string {
  const advice = 'finer buckets would tell more, or native histograms';
  if (!Number.isFinite(least)) return `with these buckets no change can be told: ${advice}`;
  const sign = worse === 'higher' ? '+' : '−';
  const percent = worse === 'higher' ? least - 1 : 1 - 1 / least;
  const size = scale === 'ratio' ? `${figure(100 * percent)} %` : `${figure(100 * least)} points`;
  return `with these buckets nothing below ${sign}${size} can be told: ${advice}`;
}

/** Two-sided and without a margin. Tests of means need values. */
function usualTests(baseline: BinnedSample, candidate: BinnedSample): TestNumbers {
  return {
    mannWhitney: numbersOf(mannWhitney(candidate, baseline)),
    brunnerMunzel: numbersOf(brunnerMunzel(candidate, baseline)),
    kolmogorovSmirnov: numbersOf(kolmogorovSmirnov(candidate, baseline)),
    cliffsDelta: numbersOf(cliffsDelta(candidate, baseline)),
    quantiles: { ...quantiles('baseline', baseline), ...quantiles('candidate', candidate) },
  };
}

/** The ends of the bucket, then of the interval. A tail is reported where at least ten values lie beyond it. */
function quantiles(arm: string, values: BinnedSample): Record<string, number | string | null> {
  const out: Record<string, number | string | null> = {};
  for (const q of [0.5, 0.95, 0.99]) {
    if (values.length * (1 - q) < 9.999 && q !== 0.5) continue;
    const { low, high, ci }: BinnedQuantile = binnedQuantile(values, q);
    const named = numbersOf({ From: low, To: high, Low: ci[0], High: ci[1] });
    for (const [end, number] of Object.entries(named)) out[`${arm}P${q * 100}${end}`] = number;
  }
  return out;
}
