import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { absorb, quantileEdges, rankScore, rankSketch, sketchQuantile } from './rank-sketch.ts';

const value = fc.oneof(
  fc.double({ min: 0, max: 1e14, noNaN: true }),
  fc.integer({ min: -22, max: 42 }).map(exponent => 2 ** exponent),
  fc.constantFrom(0, Number.MIN_VALUE, Number.POSITIVE_INFINITY),
);
const past = fc.array(value, { minLength: 1, maxLength: 200 });

function sketchOf(values: readonly number[]) {
  const sketch = rankSketch();
  for (const one of values) absorb(sketch, one);
  return sketch;
}

describe('the rank sketch', () => {
  test('scores monotonically within [0, 1]', () => {
    fc.assert(
      fc.property(past, fc.array(value, { minLength: 2, maxLength: 20 }), (values, probes) => {
        const sketch = sketchOf(values);
        const scores = [...probes].sort((a, b) => a - b).map(probe => rankScore(sketch, probe));
        scores.forEach((score, i) => {
          expect(score).toBeGreaterThanOrEqual(i === 0 ? 0 : scores[i - 1]!);
          expect(score).toBeLessThanOrEqual(1);
        });
      }),
      { seed: 1 },
    );
  });

  test('brackets every quantile of the past by one bin, at most 12.5% wide', () => {
    fc.assert(
      fc.property(past, fc.double({ min: 0.001, max: 1, noNaN: true }), (values, p) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.ceil(p * sorted.length) - 1]!;
        const sketch = sketchOf(values);
        const [low, high] = quantileEdges(sketch, p);
        expect(low).toBeLessThanOrEqual(exact);
        expect(high).toBeGreaterThanOrEqual(exact);
        if (low > 0 && high < Number.POSITIVE_INFINITY) expect(high / low).toBeLessThanOrEqual(1.125);
        expect(sketchQuantile(sketch, p)).toBeLessThanOrEqual(high);
      }),
      { seed: 2 },
    );
  });

  test('interpolates within a bin: a 1% larger value scores higher', () => {
    const sketch = sketchOf([1010, 1015, 1020]);
    expect(rankScore(sketch, 1020)).toBeGreaterThan(rankScore(sketch, 1010));
  });

  test('scores everything ½ without a past', () => {
    expect(rankScore(rankSketch(), 3)).toBe(0.5);
    expect(sketchQuantile(rankSketch(), 0.5)).toBe(0);
  });
});
