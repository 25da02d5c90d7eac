/**
 * Point probabilities of the binomial and hypergeometric distribution on the log scale, by saddle-point expansion: factorials
 * of a million have logarithms near 1e7, whose difference would leave nine digits.
 * @see Loader 2000, Fast and accurate computation of binomial probabilities
 */
import { logGamma } from './log-special.ts';

const LOG_2PI = Math.log(2 * Math.PI);

/** ln P(Bin(n, p) = k), whole 0 ≤ k ≤ n, 0 < p < 1. Relative error of the probability about 1e-14. O(1). */
export function logBinomialPmf(k: number, n: number, p: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY;
  if (k === 0) return n * Math.log1p(-p);
  if (k === n) return n * Math.log(p);
  const rest = stirlingError(n) - stirlingError(k) - stirlingError(n - k);
  const deviance = binomialDeviance(k, n * p) + binomialDeviance(n - k, n * (1 - p));
  return rest - deviance + 0.5 * (Math.log(n / k) - Math.log(n - k) - LOG_2PI);
}

/** ln P(k events in x) when `events` fall on `total` trials of which `trials` are x's. O(1). */
export function logHypergeometricPmf(k: number, events: number, trials: number, total: number): number {
  if (k < 0 || k > trials || k > events || events - k > total - trials) return Number.NEGATIVE_INFINITY;
  if (events === 0 || events === total || trials === 0 || trials === total) return 0;
  const p = events / total;
  return (
    logBinomialPmf(k, trials, p) + logBinomialPmf(events - k, total - trials, p) - logBinomialPmf(events, total, p)
  );
}

/** P(Bin(n, ½) ≤ k): adds downward from k until nothing changes. Relative error about 1e-13. O(√n). */
export function halfBinomialCdf(k: number, n: number): number {
  if (k < 0) return 0;
  if (k >= n) return 1;
  // Beyond the middle the terms would grow; the other tail is the short one.
  if (2 * k >= n) return 1 - halfBinomialCdf(n - k - 1, n);
  let term = 1;
  let sum = 1;
  for (let i = k; i > 0 && term > 1e-17 * sum; i--) {
    term *= i / (n - i + 1);
    sum += term;
  }
  return sum * Math.exp(logBinomialPmf(k, n, 0.5));
}

/** ln n! less Stirling's formula. */
function stirlingError(n: number): number {
  if (n < 16) return logGamma(n + 1) - (n + 0.5) * Math.log(n) + n - 0.5 * LOG_2PI;
  const w = 1 / (n * n);
  return (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w / 1188)))) / n;
}

/** x·ln(x/mean) + mean − x without cancellation near x = mean. */
function binomialDeviance(x: number, mean: number): number {
  const distance = x - mean;
  if (Math.abs(distance) >= 0.1 * (x + mean)) return x * Math.log(x / mean) - distance;
  const v = distance / (x + mean);
  let sum = distance * v;
  let term = 2 * x * v;
  for (let j = 3; j < 1000; j += 2) {
    term *= v * v;
    const next = sum + term / j;
    if (next === sum) break;
    sum = next;
  }
  return sum;
}
