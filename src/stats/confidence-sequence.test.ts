import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  betaBinomialBounds,
  betaBinomialConfidenceSequence,
  dkwConfidenceSequence,
  dkwRadius,
} from './confidence-sequence.ts';
import { betaBinomialMixture } from './mixtures.ts';
import { seededStream } from './stream.test-support.ts';

describe('the confidence sequence for a chance', () => {
  test('is everything without trials, and one-sided at the ends', () => {
    expect(betaBinomialBounds({ successes: 0, trials: 0 }, 0.05)).toEqual([0, 1]);
    expect(betaBinomialBounds({ successes: 0, trials: 10 }, 0.05)[0]).toBe(0);
    expect(betaBinomialBounds({ successes: 10, trials: 10 }, 0.05)[1]).toBe(1);
  });

  test('holds the observed rate, mirrors, and widens with confidence', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, part) => {
        const successes = Math.round(part * trials);
        const [low, high] = betaBinomialBounds({ successes, trials }, 0.05);
        expect(low).toBeLessThanOrEqual(successes / trials);
        expect(high).toBeGreaterThanOrEqual(successes / trials);
        const [mirroredLow] = betaBinomialBounds({ successes: trials - successes, trials }, 0.05);
        expect(mirroredLow).toBeCloseTo(1 - high, 9);
        const [surer] = betaBinomialBounds({ successes, trials }, 0.001);
        expect(surer).toBeLessThanOrEqual(low);
      }),
      { seed: 11 },
    );
  });

  test('ever excludes the true 2% in at most 5% of 600 streams, looked at after each of 1 000 outcomes', () => {
    let wrong = 0;
    for (let run = 0; run < 600; run++) {
      const stream = seededStream(1000 + run);
      let successes = 0;
      for (let trials = 1; trials <= 1000; trials++) {
        if (stream.flip(0.02)) successes++;
        // The sequence excludes a chance exactly when the mixture there reaches 1/α: no need to find both bounds.
        if (betaBinomialMixture(successes, trials, 0.02) < Math.log(20)) continue;
        const [low, high] = betaBinomialBounds({ successes, trials }, 0.05);
        expect(low > 0.02 || high < 0.02).toBe(true);
        wrong++;
        break;
      }
    }
    expect(wrong / 600).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 600));
  });

  test('continues from its bytes, and refuses impossible counts', () => {
    const sequence = betaBinomialConfidenceSequence({ alpha: 0.05 });
    const state = sequence.fold(sequence.initial(), { successes: 3, trials: 400 });
    expect(sequence.decode(sequence.encode(state))).toEqual(state);
    expect(() => sequence.fold(state, { successes: 2, trials: 1 })).toThrow(/successes ≤ trials/);
    expect(() => betaBinomialConfidenceSequence({ alpha: 5 })).toThrow(/alpha/);
  });
});

describe('the band around a distribution', () => {
  test('is void at first and narrows with the count', () => {
    expect(dkwRadius(0, 0.05)).toBe(Number.POSITIVE_INFINITY);
    expect(dkwRadius(1, 0.05)).toBeGreaterThan(1);
    expect(dkwRadius(100, 0.05)).toBeCloseTo(0.26917582, 8);
  });

  test('holds the true median of a lognormal and narrows to within 30% of it by 10 000 outcomes', () => {
    const sequence = dkwConfidenceSequence({ alpha: 0.05 });
    const state = sequence.initial();
    expect(sequence.quantileBounds(state, 0.5)).toEqual([0, Number.POSITIVE_INFINITY]);
    const stream = seededStream(41);
    for (let i = 0; i < 10_000; i++) {
      sequence.fold(state, 800 * stream.logNormal(0.5));
      const [low, high] = sequence.quantileBounds(state, 0.5);
      expect(low <= 800 && 800 <= high).toBe(true);
    }
    const [low, high] = sequence.quantileBounds(state, 0.5);
    expect(low).toBeGreaterThan(800 * 0.7);
    expect(high).toBeLessThan(800 * 1.3);
    expect(sequence.quantileBounds(sequence.decode(sequence.encode(state)), 0.5)).toEqual([low, high]);
  });

  test('refuses NaN and negative outcomes', () => {
    const sequence = dkwConfidenceSequence({ alpha: 0.05 });
    for (const wrong of [Number.NaN, -1]) expect(() => sequence.fold(sequence.initial(), wrong)).toThrow(/≥ 0/);
  });
});
