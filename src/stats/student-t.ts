/*
 * Student's, Welch's and the paired t-test. Differences of means and their standard error are formed in a common power-of-two
 * unit and scaled back last, so that t is right at offsets of 1e12 as well as at magnitudes of 1e-160 or 1e200.
 */
import { isFiniteSample, type Moments, meanOf, momentsOf } from './moments.ts';
import type { Alternative, Interval, Sample, Status, TestOutcome } from './outcome.ts';
import { alternativeOf, missOf, NOT_SIGNIFICANT, separatedP, symmetricP } from './p-value.ts';
import { pairedDifferences } from './paired-differences.ts';
import { sampleMoments } from './prepared-sample.ts';
import { logStudentTail, studentQuantile } from './special.ts';

export interface TOptions {
  readonly alternative?: Alternative;
  /** Of the two-sided interval, in (0, 1). Default 0.95. */
  readonly confidence?: number;
}

export interface TResult extends TestOutcome {
  /** Above 0 where x is larger; 0 where status is not `ok`, ±Infinity for `degenerate_different`. */
  readonly t: number;
  /** NaN where status is not `ok`. */
  readonly df: number;
  /** mean(x) − mean(y); NaN where a sample is empty. */
  readonly meanDifference: number;
  readonly se: number;
  /** Two-sided interval for `meanDifference`. */
  readonly ci: Interval;
}

/**
 * Equal variances assumed: wrong at unequal sizes and spreads (25% false alarms at a nominal 5% for 100 v 25 with spreads 1
 * and 3). Shown because it is expected; decide by Welch or a rank test. O(n).
 * @throws RangeError on NaN in the data
 */
export function studentT(x: Sample, y: Sample, options: TOptions = {}): TResult {
  return twoSampleT(sampleMoments(x), sampleMoments(y), options, (squaresX, squaresY, n, m) => {
    const df = n + m - 2;
    const variance = (squaresX + squaresY) / df;
    return { se: Math.sqrt(variance * (1 / n + 1 / m)), df };
  });
}

/**
 * Unequal variances, degrees of freedom after Satterthwaite. On skewed data with 20:1 sizes it alarms too often (11% at a
 * nominal 5%, log-normal): take logarithms first or use Brunner–Munzel. O(n).
 * @throws RangeError on NaN in the data
 * @see Welch 1947, Biometrika 34:28
 */
export function welchT(x: Sample, y: Sample, options: TOptions = {}): TResult {
  return welchFromMoments(sampleMoments(x), sampleMoments(y), options);
}

function welchFromMoments(x: Moments, y: Moments, options: TOptions = {}): TResult {
  return twoSampleT(x, y, options, (squaresX, squaresY, n, m) => {
    const vx = squaresX / (n - 1) / n;
    const vy = squaresY / (m - 1) / m;
    // As a share first: (vx + vy)² may leave the range of a double, a ratio cannot.
    const share = vx / (vx + vy);
    return { se: Math.sqrt(vx + vy), df: 1 / ((share * share) / (n - 1) + ((1 - share) * (1 - share)) / (m - 1)) };
  });
}

/** One-sample t on x[i] − y[i]. O(n). @throws RangeError on unequal lengths or NaN */
export function pairedT(x: Sample, y: Sample, options: TOptions = {}): TResult {
  const d = momentsOf(pairedDifferences(x, y));
  const n = d.n;
  const difference = meanOf(d);
  if (n < 2) return unanswered(n === 0 ? 'no_data' : 'insufficient_data', difference);
  if (!isFiniteSample(d)) return unanswered('not_finite', difference);
  if (d.unit === 0) {
    if (difference === 0) return unanswered('degenerate_equal', 0);
    // All differences equal: only their sign is left, and 2^-n is what n equal signs are worth.
    const p = symmetricP(Math.sign(difference), alternativeOf(options), s => (s > 0 ? -n * Math.LN2 : 0));
    return constantDifference(difference, p);
  }
  const se = Math.sqrt(d.squares / (n - 1) / n);
  return answer({ difference: d.first / d.unit + d.shift, se, df: n - 1, unit: d.unit }, difference, options);
}

type Spread = (squaresX: number, squaresY: number, n: number, m: number) => { se: number; df: number };

function twoSampleT(x: Moments, y: Moments, options: TOptions, spread: Spread): TResult {
  const plainDifference = meanOf(x) - meanOf(y);
  if (x.n === 0 || y.n === 0) return unanswered('no_data', Number.NaN);
  if (x.n < 2 || y.n < 2) return unanswered('insufficient_data', plainDifference);
  if (!isFiniteSample(x) || !isFiniteSample(y)) return unanswered('not_finite', plainDifference);
  const unit = Math.max(x.unit, y.unit);
  if (unit === 0) {
    if (x.first === y.first) return unanswered('degenerate_equal', 0);
    const p = separatedP(x.n, y.n, x.first > y.first, alternativeOf(options));
    return constantDifference(plainDifference, p);
  }
  const ux = x.unit / unit;
  const uy = y.unit / unit;
  const { se, df } = spread(x.squares * ux * ux, y.squares * uy * uy, x.n, y.n);
  // first − first with its rounding error (two-sum), so that only the last addition rounds.
  const far = x.first - y.first;
  const back = far - x.first;
  const error = x.first - (far - back) - (y.first + back);
  const [apart, rest] = Number.isFinite(far) ? [far / unit, error / unit] : [x.first / unit - y.first / unit, 0];
  const difference = apart + (rest + (x.shift * ux - y.shift * uy));
  return answer({ difference, se, df, unit }, difference * unit, options);
}

interface Scaled {
  readonly difference: number;
  readonly se: number;
  readonly df: number;
  readonly unit: number;
}

function answer(scaled: Scaled, meanDifference: number, options: TOptions): TResult {
  const { difference, se, df, unit } = scaled;
  const t = difference / se;
  const p = symmetricP(t, alternativeOf(options), s => logStudentTail(s, df));
  const halfWidth = studentQuantile(missOf(options.confidence), df) * se;
  const ci: Interval = [(difference - halfWidth) * unit, (difference + halfWidth) * unit];
  return { status: 'ok', t, df, ...p, meanDifference, se: se * unit, ci };
}

function unanswered(status: Status, meanDifference: number): TResult {
  const equal = status === 'degenerate_equal';
  const ci: Interval = equal ? [0, 0] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return { status, t: 0, df: Number.NaN, ...NOT_SIGNIFICANT, meanDifference, se: equal ? 0 : Number.NaN, ci };
}

function constantDifference(difference: number, p: { p: number; log10P: number }): TResult {
  const t = difference > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const ci: Interval = [difference, difference];
  return { status: 'degenerate_different', t, df: Number.NaN, ...p, meanDifference: difference, se: 0, ci };
}
