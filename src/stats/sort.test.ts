import { expect, test } from 'vitest';
import { seededRandom } from './random.ts';
import { sortCounted, sortedCopy } from './sort.ts';

const random = seededRandom(3);
const FAMILIES: Record<string, (i: number) => number> = {
  'both signs': () => random() - 0.5,
  'all magnitudes': () => (random() < 0.5 ? -1 : 1) * 10 ** (600 * random() - 300),
  'heavy ties': () => Math.floor(5 * random()),
  'signed zeros and infinities': i =>
    [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, -5e-324][i % 6]!,
  'negative values that differ in their lower bits only': () => -1e12 - random(),
  'one ulp of jitter': () => (random() < 0.5 ? 100 : 100.00000000000001),
  'already sorted': i => i,
  reversed: i => -i,
};

test.each(Object.entries(FAMILIES))(
  'sorts %s as the built-in sort does, and leaves its argument alone',
  (_name, draw) => {
    for (const n of [0, 1, 511, 512, 5_000]) {
      const x = Array.from({ length: n }, (_, i) => draw(i));
      const before = [...x];
      const sorted = sortedCopy(x);
      const expected = Float64Array.from(x).sort();
      expect(sorted.every((value, i) => Object.is(value, expected[i]) || value === expected[i])).toBe(true);
      expect(sorted.length).toBe(n);
      expect(x).toEqual(before);
    }
  },
);

test.each(
  Object.entries({
    ...FAMILIES,
    constant: () => 7,
    'two values': (i: number) => i % 2,
    'a saw': (i: number) => i % 100,
    'a tiny spread on a huge offset': () => 1e12 + random() * 1e-3,
    'the same, falling': (i: number) => 1e12 - i * 2 ** -12,
    'two far clusters of tiny spread': (i: number) => (i % 2) * 1e12 + random() * 1e-6,
  }),
)('sorting %s costs at most nine moves a value, then a sort that is never quadratic', (_name, draw) => {
  for (const n of [1_000, 30_000]) {
    const { moves, sorted } = sortCounted(Float64Array.from({ length: n }, (_, i) => draw(i)));
    // Giving up is noticed after one value, which may have moved past all those before it.
    expect(moves).toBeLessThanOrEqual(9 * n);
    expect(sorted.every((value, i) => i === 0 || sorted[i - 1]! <= value)).toBe(true);
  }
});

test('log-normal times need no built-in sort and hardly a move', () => {
  const times = Float64Array.from({ length: 30_000 }, () => Math.exp(random() + random()));
  const { moves, builtIn } = sortCounted(times);
  expect(builtIn).toBe(false);
  expect(moves).toBeLessThan(30_000);
});

test('rejects NaN wherever it stands', () => {
  for (const n of [3, 2_000]) {
    const x = new Float64Array(n).fill(1);
    x[n - 1] = Number.NaN;
    expect(() => sortedCopy(x)).toThrow(`found one at index ${n - 1}`);
  }
});
