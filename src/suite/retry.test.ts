import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { manualClock } from '../clock.ts';
import { makeDeadlines } from './deadlines.ts';
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, backoffMs, makeGate } from './retry.ts';

const never = new AbortController().signal;
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

describe('the gate', () => {
  test('lets nobody pass before the longest hold is over, and then everybody', async () => {
    const clock = manualClock();
    const gate = makeGate(clock);
    expect(gate.isOpen()).toBe(true);
    gate.holdFor(1000);
    gate.holdFor(10);
    let passed = 0;
    for (let worker = 0; worker < 3; worker += 1) void gate.passed(never).then(() => (passed += 1));
    clock.advance(999);
    await settle();
    gate.holdFor(500); // held again while they slept
    clock.advance(1);
    await settle();
    expect(passed).toBe(0);
    clock.advance(499);
    await settle();
    expect(passed).toBe(3);
    expect(gate.isOpen()).toBe(true);
  });

  test('lets go of those who wait when the run stops', async () => {
    const gate = makeGate(manualClock());
    const stop = new AbortController();
    gate.holdFor(1000);
    const waiting = gate.passed(stop.signal);
    stop.abort();
    await waiting;
    expect(gate.isOpen()).toBe(false);
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
