import { expect, test } from 'vitest';
import { asymptoticConfidenceSequence } from './asymptotic-sequence.ts';
import { seededRandom } from './random.ts';

const sequence = asymptoticConfidenceSequence({ alpha: 0.05 });
const normal = (random: () => number) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

test('the interval is the closed form of the arms, whatever the order of the outcomes', () => {
  const state = sequence.initial();
  for (let i = 0; i < 200; i++) sequence.fold(state, { baseline: [i % 2, 1 - (i % 2)], candidate: [3 + 2 * (i % 2)] });
  // 400 flips of 0 and 1, 200 of 3 and 5: s² = 100/399 and 200/199.
  const variance = 100 / 399 / 400 + 200 / 199 / 200;
  const rho2 = (-2 * Math.log(0.05) + Math.log(-2 * Math.log(0.05) + 1)) / 500;
  const t = 600 * rho2 + 1;
  const margin = Math.sqrt(600 * variance) * Math.sqrt(((2 * t) / (600 ** 2 * rho2)) * Math.log(Math.sqrt(t) / 0.05));
  expect(sequence.estimate(state)).toBeCloseTo(3.5, 12);
  expect(sequence.bounds(state)[0]).toBeCloseTo(3.5 - margin, 12);
  expect(sequence.bounds(state)[1]).toBeCloseTo(3.5 + margin, 12);
});

test('there is no interval before the burn-in of both arms', () => {
  const state = sequence.initial();
  sequence.fold(state, { baseline: new Float64Array(1000).fill(1), candidate: new Float64Array(99).fill(2) });
  expect(sequence.bounds(state)).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  sequence.fold(state, { baseline: [], candidate: [2] });
  expect(sequence.bounds(state)).toEqual([1, 1]);
});

test('a decoded state continues with the same bits', () => {
  const random = seededRandom(2);
  const block = () => ({ baseline: [normal(random), normal(random)], candidate: [normal(random)] });
  const state = sequence.initial();
  for (let i = 0; i < 150; i++) sequence.fold(state, block());
  const copy = sequence.decode(sequence.encode(state));
  const next = block();
  expect(sequence.bounds(sequence.fold(copy, next))).toEqual(sequence.bounds(sequence.fold(state, next)));
});

test('at a nominal 5% it misses at most that often in 2,000 looks at skewed outcomes, 9:1', () => {
  const random = seededRandom(17);
  const cost = () => Math.exp(0.5 * normal(random));
  const streams = 300;
  let missed = 0;
  for (let stream = 0; stream < streams; stream++) {
    const state = sequence.initial();
    for (let look = 0; look < 2_000; look++) {
      sequence.fold(state, { baseline: Array.from({ length: 9 }, cost), candidate: [cost()] });
      const [low, high] = sequence.bounds(state);
      if (low <= 0 && high >= 0) continue;
      missed++;
      break;
    }
  }
  expect(missed / streams).toBeLessThan(0.05 + 2 * Math.sqrt((0.05 * 0.95) / streams));
});

test('bad options and values are errors, and leave the state as it was', () => {
  expect(() => asymptoticConfidenceSequence({ alpha: 5 })).toThrow(/\(0, 1\), got 5/);
  expect(() => asymptoticConfidenceSequence({ alpha: 0.05, burnIn: 1 })).toThrow(/at least 2, got 1/);
  const state = sequence.initial();
  const block = { baseline: [1], candidate: [Number.POSITIVE_INFINITY] };
  expect(() => sequence.fold(state, block)).toThrow(/candidate holds Infinity/);
  expect(state).toEqual(sequence.initial());
});
