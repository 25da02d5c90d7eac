/**
 * Tails and quantiles of the normal, Student's t and the beta distribution. Everything is computed on the log scale first,
 * because a p-value of a large sample is easily below 1e-308 and a result of 0 says less than "10^-400".
 */
import { logBeta, logNormalCdf } from './log-special.ts';
import { solveIncreasing } from './root.ts';

export { logBeta, logGamma } from './log-special.ts';

const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

/** ln P(Z > z), standard normal. Relative error below 1e-13. O(1). */
export function logNormalTail(z: number): number {
  if (z === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  return z === Number.NEGATIVE_INFINITY ? 0 : logNormalCdf(-z);
}

/** P(Z > z), standard normal: relative error 1e-13 down to the smallest double, 0 beyond z ≈ 38.5. */
export function normalTail(z: number): number {
  return Math.exp(logNormalTail(z));
}

/** The z with P(Z > z) = p, 0 < p < 1; ±Infinity at 0 and 1. Error about 1e-15. */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p === 0.5) return 0;
  if (p === 0) return Number.POSITIVE_INFINITY;
  const target = Math.log(p);
  return solveIncreasing(
    z => {
      const logTail = logNormalTail(z);
      return [target - logTail, Math.exp(-0.5 * z * z - LOG_SQRT_2PI - logTail)];
    },
    0,
    Math.sqrt(-2 * target) + 1,
  );
}

/**
 * ln P(T > t), Student's t with df > 0 (need not be whole). Relative error of the probability about 1e-13 down to 1e-300, and
 * of its logarithm beyond. O(√df).
 * @see DLMF 8.17: P(T > t) = ½·I_x(df/2, ½) with x = df/(df + t²); both x and 1 − x come from t²/df, so neither cancels
 */
export function logStudentTail(t: number, df: number): number {
  if (t < 0) return Math.log1p(-Math.exp(logStudentTail(-t, df)));
  if (t === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  if (df === Number.POSITIVE_INFINITY) return logNormalTail(t);
  const square = (t / df) * t;
  if (df > 10_000 && square < 0.01) return logNormalTail(normalScoreOf(square, df));
  const logX = square < 1e300 ? -Math.log1p(square) : Math.log(df) - 2 * Math.log(t);
  return logBetaFromLogs(logX, -Math.log1p(1 / square), df / 2, 0.5) - Math.LN2;
}

/**
 * The z with the tail of t, square = t²/df, for large df: there x is so near 1 that the fraction would lose digits to 1 − x, while this
 * expansion in 1/df is exact to the last ones.
 * @see Hill 1970, Algorithm 395, Communications of the ACM 13:617
 */
function normalScoreOf(square: number, df: number): number {
  const a = df - 0.5;
  const b = 48 * a * a;
  const y = a * Math.log1p(square);
  const higher = (((-0.4 * y - 3.3) * y - 24) * y - 85.5) / (0.8 * y * y + 100 + b);
  return Math.sqrt(y) * (1 + (higher + y + 3) / b);
}

/** The t with P(T > t) = p, 0 < p < 1, df > 0. Relative error about 1e-13 (p ≤ ¼). */
export function studentQuantile(p: number, df: number): number {
  if (p > 0.5) return -studentQuantile(1 - p, df);
  if (p === 0.5) return 0;
  if (p === 0) return Number.POSITIVE_INFINITY;
  const target = Math.log(p);
  const logDensityAtZero = -0.5 * Math.log(df) - logBeta(df / 2, 0.5);
  // In ln t: a tail that falls as a power of t is then nearly a straight line, whatever df.
  const logT = solveIncreasing(
    u => {
      const t = Math.exp(u);
      const logTail = logStudentTail(t, df);
      const logDensity = logDensityAtZero - ((df + 1) / 2) * Math.log1p((t / df) * t);
      return [target - logTail, Math.exp(logDensity - logTail + u)];
    },
    -40,
    (-target + Math.log(df + 1)) / Math.min(df, 1) + 5,
  );
  return Math.exp(logT);
}

/** ln I_x(a, b), the regularised incomplete beta function, a and b > 0, x in [0, 1]. O(√max(a, b)). */
export function logIncompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return Number.NEGATIVE_INFINITY;
  return x >= 1 ? 0 : logBetaFromLogs(Math.log(x), Math.log1p(-x), a, b);
}

/** The x with I_x(a, b) = p. Relative error about 1e-12. For exact binomial limits. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  const logBetaAB = logBeta(a, b);
  const logit = solveIncreasing(
    u => {
      const logX = -Math.log1p(Math.exp(-u));
      const logY = -Math.log1p(Math.exp(u));
      const logP = logBetaFromLogs(logX, logY, a, b);
      return [logP - Math.log(p), Math.exp(a * logX + b * logY - logBetaAB - logP)];
    },
    -700,
    700,
  );
  return 1 / (1 + Math.exp(-logit));
}

/** ln I_x(a, b) from ln x and ln(1 − x), each exact even where the other is almost 0. */
function logBetaFromLogs(logX: number, logY: number, a: number, b: number): number {
  if (logY === Number.NEGATIVE_INFINITY) return 0;
  const x = Math.exp(logX);
  const logFront = a * logX + b * logY - logBeta(a, b);
  if (x <= (a + 1) / (a + b + 2)) return logFront + Math.log(betaFraction(x, a, b) / a);
  return Math.log1p(-Math.exp(logFront) * (betaFraction(Math.exp(logY), b, a) / b));
}

/** Continued fraction DLMF 8.17.22 by Lentz's method; every term is positive where it is used, so the products are safe. */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < 1_000_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    const change = d * c;
    value *= change;
    if (Math.abs(change - 1) < 2e-16) return value;
  }
  return value;
}
