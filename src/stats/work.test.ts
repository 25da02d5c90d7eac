/*
 * No input makes the battery quadratic: values that are read are counted, not time. Sorting has its own count, of moves.
 */
import { expect, test } from 'vitest';
import { differencesOfRanks } from './pairwise-difference.ts';
import { seededRandom } from './random.ts';
import { compareRanks } from './rank-comparison.ts';

const random = seededRandom(12);
const SHAPES: Record<string, (i: number) => number> = {
  'log-normal': () => Math.exp(random() + random() + random()),
  constant: () => 7,
  'two values': i => i % 2,
  'five levels': i => i % 5,
  'already sorted': i => i,
  reversed: i => -i,
  'a tiny spread on a huge offset': () => 1e12 + random() * 1e-3,
  'one ulp of jitter': i => (i % 3 === 0 ? 100 : 100.00000000000001),
  'one value far away': i => (i === 0 ? 1e300 : random()),
  'two far clusters': i => (i % 2) * 1e12 + random(),
};
const PAIRS = Object.entries(SHAPES).flatMap(([name, x]) =>
  Object.entries(SHAPES).map(([other, y]) => [name, other, x, y] as const),
);

/** What a name never begins with, and the key of an element always does. */
const NINE = '9'.charCodeAt(0);

/** Counts the elements read; everything else goes to the array itself. */
function counted(values: Float64Array, reads: { count: number }): Float64Array {
  return new Proxy(values, {
    get(target, key) {
      if (typeof key === 'string' && key.charCodeAt(0) <= NINE) reads.count++;
      return Reflect.get(target, key, target);
    },
  });
}

const sortedOf = (n: number, draw: (i: number) => number) => Float64Array.from({ length: n }, (_, i) => draw(i)).sort();

test('comparing the ranks of n and m values reads at most 10 times n + m of them', () => {
  for (const [name, other, ofX, ofY] of PAIRS) {
    const [n, m] = [900, 500];
    const reads = { count: 0 };
    compareRanks(counted(sortedOf(n, ofX), reads), counted(sortedOf(m, ofY), reads));
    expect(reads.count, `${name} against ${other}`).toBeLessThan(10 * (n + m));
  }
});

test('order statistics of all n·m differences read at most 60 times n + m values', () => {
  for (const [name, other, ofX, ofY] of PAIRS) {
    const n = 800;
    const reads = { count: 0 };
    const [x, y] = [sortedOf(n, ofX), sortedOf(n, ofY)];
    const middle = (n * n) / 2;
    const ranks = [middle - 20 * n, middle, middle + 1, middle + 20 * n];
    differencesOfRanks(counted(x, reads), counted(y, reads), ranks);
    expect(reads.count, `${name} against ${other}`).toBeLessThan(60 * (n + n));
  }
});
