/**
 * Tails and quantiles against values from 40-digit arithmetic, where approximations usually give way: small and fractional
 * degrees of freedom, very large ones, and probabilities that no double can hold.
 */
import { expect, test } from 'vitest';
import { logBinomialPmf, logHypergeometricPmf } from './binomial.ts';
import {
  betaQuantile,
  logIncompleteBeta,
  logNormalTail,
  logStudentTail,
  normalQuantile,
  studentQuantile,
} from './special.ts';

const near = (actual: number, expected: number, relative: number) =>
  expect(Math.abs(actual - expected), `${actual} instead of ${expected}`).toBeLessThanOrEqual(
    relative * Math.abs(expected),
  );

/** A logarithm near 0 is judged by its own digits, a large one by those of the probability. */
const nearLog = (actual: number, log10: number) =>
  expect(Math.abs(actual / Math.LN10 - log10), `${actual}`).toBeLessThanOrEqual(
    4e-15 * Math.max(1, Math.abs(log10) * 3),
  );

test.each([
  [0.1, 0.7, -0.3272976078239396],
  [2, 1.3, -0.9075334875294002],
  [12, 4.5, -4.161680011614172],
  [1e5, 30, -128.9844502110421],
  [1.7, 1000, -1.3494890426960853],
  [100, 1000, -522.5748880762945],
  [5, 12_345.6, -6.536723861069305],
  [1.7, 1e6, -1.3510000642645126],
  [12, 1e8, -32.75041633572429],
])('log10 of the tail of t = %d with %d degrees of freedom', (t, df, log10) => {
  nearLog(logStudentTail(t, df), log10);
  near(Math.exp(logStudentTail(-t, df)), 1 - 10 ** log10, 1e-14);
});

test.each([
  [-9, -4.901397170457401e-20],
  [-3, -0.0005866493137900667],
  [0.3, -0.4178359449542995],
  [2.1, -1.748011065688938],
  [38, -315.5397897039625],
  [10_000, -21714728.49425253],
])('log10 of the normal tail at %d', (z, log10) => nearLog(logNormalTail(z), log10));

test('the tails end where the line does', () => {
  for (const tail of [logNormalTail, (t: number) => logStudentTail(t, 3), (t: number) => logStudentTail(t, 1e6)]) {
    expect(tail(Number.POSITIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY);
    expect(Math.exp(tail(Number.NEGATIVE_INFINITY))).toBe(1);
    near(tail(0), -Math.LN2, 1e-15);
  }
});

test.each([
  [0.4, 0.7, 0.3560313652346803],
  [0.025, 0.7, 36.61141503158869],
  [1e-20, 0.7, 7.021976003243241e27],
  [0.025, 10, 2.228138851986275],
  [1e-20, 10, 256.4346993185262],
  [0.025, 1e6, 1.959966356814107],
])('upper %d quantile of t with %d degrees of freedom', (p, df, t) => {
  near(studentQuantile(p, df), t, 1e-13);
  // 1 − 1e-20 is 1 in a double.
  if (p > 1e-10) near(studentQuantile(1 - p, df), -t, 1e-11);
  else expect(studentQuantile(1 - p, df)).toBe(Number.NEGATIVE_INFINITY);
});

test('normal and beta quantiles undo their distribution', () => {
  near(normalQuantile(0.025), 1.959963984540054, 1e-15);
  near(normalQuantile(1e-300), 37.0471, 1e-6);
  for (const [a, b] of [
    [0.5, 3],
    [500, 99_501],
    [99_990, 11],
  ] as const) {
    for (const p of [1e-12, 0.025, 0.6]) near(Math.exp(logIncompleteBeta(betaQuantile(p, a, b), a, b)), p, 1e-9);
  }
});

test('point probabilities keep their digits at a million trials, and sum to one', () => {
  let sum = 0;
  for (let k = 0; k <= 3000; k++) sum += Math.exp(logBinomialPmf(k, 1_000_000, 0.001));
  near(sum, 1, 1e-13);
  let drawn = 0;
  for (let k = 0; k <= 1500; k++) drawn += Math.exp(logHypergeometricPmf(k, 1500, 400_000, 1_000_000));
  near(drawn, 1, 1e-13);
});
