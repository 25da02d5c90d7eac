import { describe, expect, test } from 'vitest';
import { seededRandom } from '../stats/random.ts';
import { ErrorLimit } from './error-limit.ts';

/** How many answers it takes until the limit is broken, or Infinity. */
function answersUntilBroken(limit: ErrorLimit, rate: number, most: number, random: () => number): number {
  for (let i = 1; i <= most; i++) {
    limit.add(random() < rate);
    if (limit.breach) return i;
  }
  return Number.POSITIVE_INFINITY;
}

function entered(max: number | null, alpha = 0.05): ErrorLimit {
  const limit = new ErrorLimit(max, alpha);
  limit.enterStage();
  return limit;
}

describe('the error limit', () => {
  test('a rate at the limit is called too high in at most alpha of 300 runs, looked at after each answer', () => {
    const random = seededRandom(4);
    let broken = 0;
    for (let run = 0; run < 300; run++) if (answersUntilBroken(entered(0.05), 0.05, 3000, random) < Infinity) broken++;
    expect(broken / 300).toBeLessThanOrEqual(0.05);
  });

  test.each([
    [1, 12],
    [0.5, 30],
    [0.2, 120],
    [0.08, 3000],
  ])('a rate of %f against 5 %% is found within %i answers at the median', (rate, most) => {
    const random = seededRandom(5);
    const found = Array.from({ length: 41 }, () => answersUntilBroken(entered(0.05), rate, 10_000, random));
    expect(found.sort((a, b) => a - b)[20]).toBeLessThanOrEqual(most);
  });

  test('after 100,000 clean answers half of them failing is found within 60', () => {
    const random = seededRandom(6);
    const limit = entered(0.05);
    expect(answersUntilBroken(limit, 0.01, 100_000, random)).toBe(Number.POSITIVE_INFINITY);
    expect(answersUntilBroken(limit, 0.5, 60, random)).toBeLessThanOrEqual(60);
  });

  test('of zero is broken by the first error, and none by nothing', () => {
    const random = seededRandom(7);
    expect(answersUntilBroken(entered(0), 1, 5, random)).toBe(1);
    expect(answersUntilBroken(entered(null), 1, 1000, random)).toBe(Number.POSITIVE_INFINITY);
  });
});
