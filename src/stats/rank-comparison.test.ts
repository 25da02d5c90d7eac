import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRanks } from './rank-comparison.ts';

/** Pair by pair and value by value, as the definitions say. */
function byDefinition(x: number[], y: number[]) {
  const placement = (value: number, other: number[]) =>
    other.filter(o => o < value).length + other.filter(o => o === value).length / 2;
  const squares = (places: number[]) => {
    const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
    return places.reduce((sum, place) => sum + (place - mean) ** 2, 0);
  };
  const [ofX, ofY] = [x.map(value => placement(value, y)), y.map(value => placement(value, x))];
  const values = [...new Set([...x, ...y])];
  const share = (sample: number[], value: number) => sample.filter(v => v <= value).length;
  const distances = values.map(value => share(x, value) * y.length - share(y, value) * x.length);
  const groups = values.map(value => [...x, ...y].filter(v => v === value).length);
  return {
    doubledU1: 2 * ofX.reduce((sum, place) => sum + place, 0),
    tieTerm: groups.reduce((sum, t) => sum + t ** 3 - t, 0),
    above: Math.max(0, ...distances),
    below: Math.max(0, ...distances.map(d => -d)),
    squaresX: squares(ofX),
    squaresY: squares(ofY),
  };
}

const sample = (reach: number) => fc.array(fc.integer({ min: 0, max: reach }), { minLength: 1, maxLength: 25 });

test.each([1, 3, 12, 10_000])('counts what the definitions count, with values from 0 to %d', reach => {
  fc.assert(
    fc.property(sample(reach), sample(reach), (x, y) => {
      const found = compareRanks(Float64Array.from(x).sort(), Float64Array.from(y).sort());
      const wanted = byDefinition(x, y);
      for (const key of ['doubledU1', 'tieTerm', 'above', 'below'] as const) expect(found[key]).toBe(wanted[key]);
      expect(found.squaresX).toBeCloseTo(wanted.squaresX, 8);
      expect(found.squaresY).toBeCloseTo(wanted.squaresY, 8);
    }),
  );
});
