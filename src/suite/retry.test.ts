import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { manualClock } from '../clock.ts';
import { CallFailure } from './call.ts';
import { makeDeadlines } from './deadlines.ts';
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, backoffMs, makeBudget } from './retry.ts';

/** Lets everything that is due run. */
const settle = () => new Promise(resolve => setImmediate(resolve));

describe('the back-off', () => {
  test('doubles from 250 ms to its cap of 20 s, with full jitter', () => {
    expect([1, 2, 3, 7, 8, 1000].map(attempts => backoffMs(attempts, () => 1))).toEqual([
      250, 500, 1000, 16_000, 20_000, 20_000,
    ]);
    expect(backoffMs(5, () => 0)).toBe(0);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, chance) => {
        const wait = backoffMs(attempts, () => chance);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** (attempts - 1)));
      }),
    );
  });
});

describe('the retries of a case', () => {
  const failure = (status: number, retryable = true) => new CallFailure('http', '', { status, retryable });

  test('are used up by failures', () => {
    const budget = makeBudget(2);
    expect([1, 2, 3].map(() => budget.take(failure(500), 0))).toEqual([1, 2, undefined]);
    expect(makeBudget(2).take(failure(400, false), 0)).toBeUndefined();
    expect(makeBudget(0).take(failure(500), 0)).toBeUndefined();
  });

  test('are used up by refusals while nobody is answered, and not while others are', () => {
    const dead = makeBudget(2);
    expect([5, 5, 5].map(answers => dead.take(failure(429), answers))).toEqual([1, 2, undefined]);
    const busy = makeBudget(2);
    expect([1, 2, 2, 3, 4, 5, 5, 5].map(answers => busy.take(failure(429), answers))).toEqual([
      1,
      1,
      2,
      1,
      1,
      1,
      2,
      undefined,
    ]);
  });
});

describe('deadlines', () => {
  test('expire each at its own time, and never once released', async () => {
    const clock = manualClock();
    const end = new AbortController();
    const deadlines = makeDeadlines(clock, 100, end.signal);
    const watch = () => deadlines.watch(new AbortController(), clock.monotonicMs());
    const first = watch();
    clock.advance(60);
    const [second, released] = [watch(), watch()];
    deadlines.release(released);
    await settle();
    clock.advance(40);
    await settle();
    expect([first, second, released].map(deadline => deadline.expired)).toEqual([true, false, false]);
    expect(first.controller.signal.aborted).toBe(true);
    clock.advance(60);
    await settle();
    expect([second, released].map(deadline => deadline.expired)).toEqual([true, false]);
    end.abort();
  });
});
