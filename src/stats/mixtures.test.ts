import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { betaBinomialMixture, halfNormalMixture, mostSensitiveRho, symmetricSliceEProcess } from './mixtures.ts';

describe('the half-normal mixture', () => {
  test('is 1 before any data and stays finite far on either side', () => {
    expect(halfNormalMixture(0, 0, 3)).toBeCloseTo(0, 15);
    expect(Number.isFinite(halfNormalMixture(1e6, 100, 1))).toBe(true);
    // Deep in the tail Φ(z)·exp(z²/2) is 1/(|z|·√2π) to 1e-12.
    const deep = Math.LN2 - 0.5 * Math.log(2 * Math.PI) - Math.log(1e6);
    expect(halfNormalMixture(-1e6, 0, 1)).toBeCloseTo(deep, 10);
  });

  test('equals the average over half-normal effects, integrated numerically', () => {
    const [sum, variance, rho] = [7, 40, 12];
    let integral = 0;
    const width = 1e-4;
    for (let effect = width / 2; effect < 6; effect += width) {
      const prior = 2 * Math.sqrt(rho / (2 * Math.PI)) * Math.exp((-rho * effect * effect) / 2);
      integral += prior * Math.exp(effect * sum - (effect * effect * variance) / 2) * width;
    }
    expect(halfNormalMixture(sum, variance, rho)).toBeCloseTo(Math.log(integral), 7);
  });

  test('takes its scale from the variance at which it is to be most sensitive', () => {
    expect(mostSensitiveRho(500, 0.025)).toBeCloseTo(500 / (2 * Math.log(20) + Math.log(1 + 2 * Math.log(20))), 12);
    expect(() => mostSensitiveRho(500, 0.5)).toThrow(/alpha/);
  });
});

describe('the symmetric slice e-process', () => {
  test('has expectation at most 1 when every sign is as likely as its opposite', () => {
    const process = symmetricSliceEProcess();
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 }), sizes => {
        let mean = 0;
        for (let signs = 0; signs < 2 ** sizes.length; signs++) {
          const state = process.initial();
          sizes.forEach((size, i) => {
            process.fold(state, (signs >> i) & 1 ? size : -size);
          });
          mean += Math.exp(process.logE(state)) / 2 ** sizes.length;
        }
        expect(mean).toBeLessThanOrEqual(1 + 1e-12);
      }),
      { seed: 7 },
    );
  });

  test('needs about ten slices of the same sign, however small, and continues from its bytes', () => {
    const process = symmetricSliceEProcess();
    const state = process.initial();
    let slices = 0;
    while (process.logE(state) < Math.log(20)) {
      process.fold(state, 0.1);
      slices++;
    }
    expect(slices).toBeGreaterThan(5);
    expect(slices).toBeLessThan(15);
    expect(process.logE(process.decode(process.encode(state)))).toBe(process.logE(state));
    expect(() => process.fold(state, Number.NaN)).toThrow(/finite/);
  });
});

describe('the beta-binomial mixture', () => {
  test('has expectation exactly 1 under the chance it is tested against', () => {
    const prior = fc.double({ min: 0.1, max: 5, noNaN: true });
    const cases = [
      fc.integer({ min: 1, max: 40 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      prior,
      prior,
    ] as const;
    fc.assert(
      fc.property(...cases, (n, p, a, b) => {
        let mean = 0;
        let chance = (1 - p) ** n;
        for (let k = 0; k <= n; k++) {
          mean += chance * Math.exp(betaBinomialMixture(k, n, p, [a, b]));
          chance *= ((n - k) * p) / ((k + 1) * (1 - p));
        }
        expect(mean).toBeCloseTo(1, 9);
      }),
      { seed: 8 },
    );
  });

  test('is infinite where the chance makes the data impossible', () => {
    expect(betaBinomialMixture(1, 10, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(betaBinomialMixture(9, 10, 1)).toBe(Number.POSITIVE_INFINITY);
    expect(betaBinomialMixture(0, 10, 0)).toBeCloseTo(Math.log(1 / 11), 12);
  });
});
