import { describe, expect, test } from 'vitest';
import { logBeta, logGamma, logIncompleteBeta, logNormalCdf } from './log-special.ts';

/** Reference values from 60-digit arithmetic (mpmath). */
const close = (value: number, wanted: number): void =>
  expect(Math.abs(value - wanted)).toBeLessThanOrEqual(2e-14 * Math.abs(wanted) + 4e-15);

describe('special functions on the log scale', () => {
  test.each([
    [-10000, -50000010.12927891],
    [-60, -1805.0135606805673],
    [-20, -203.91715537109727],
    [-5, -15.064998393988725],
    [-2.0000001, -3.783184571003589],
    [-2, -3.783184333682032],
    [-0.5, -1.1759117615936185],
    [0.3, -0.4814101615884812],
    [3, -0.0013508099647481938],
    [8, -6.220960574271786e-16],
    [9.5, -1.0494515075362608e-21],
    [30, -4.906713927148187e-198],
  ])('ln Φ(%d) is %d', (z, wanted) => close(logNormalCdf(z), wanted));

  test.each([
    [0.18, 0.18, 2.365596458661351],
    [0.5, 3, 0.06453852113757118],
    [1, 11, -2.3978952727983707],
    [2, 100, -9.22029070282935],
    [501, 501, -696.3760163471665],
    [1, 1000001, -13.815511557963774],
    [9.99, 10.01, -13.736218710401053],
    [30, 1000000, -343.2087127674828],
    [500000, 500000, -693152.4762292606],
    [12, 1000000000, -231.17688226348304],
  ])('ln B(%d, %d) is %d', (a, b, wanted) => close(logBeta(a, b), wanted));

  test.each([
    [0.18, 1.6354606040857227],
    [0.5, 0.5723649429247001],
    [3.7, 1.428072326665388],
    [9.99, 12.779315214350193],
    [55.5, 166.32150615984037],
    [10000, 82099.71749644238],
  ])('ln Γ(%d) is %d', (x, wanted) => close(logGamma(x), wanted));

  test.each([
    [0.5, 4, 6, -0.2929040164329326],
    [0.25, 1, 6, -0.19598874755826923],
    [0.9, 7, 7, -9.929041553016813e-5],
    [0.001, 5, 1000, -5.599878208158812],
    [0.1, 300, 700, -157.20983111467453],
    [0.5, 31, 11, -7.229000330010339],
    [0.5, 2000, 100, -1059.075133759813],
    [0.01, 20001, 500001, -12363.191492246815],
  ])('ln I at %d of (%d, %d) is %d', (x, a, b, wanted) => close(logIncompleteBeta(x, a, b), wanted));

  test('the incomplete beta function is 0 and 1 at its ends', () => {
    expect(logIncompleteBeta(0, 2, 3)).toBe(Number.NEGATIVE_INFINITY);
    expect(logIncompleteBeta(1, 2, 3)).toBe(0);
  });
});
