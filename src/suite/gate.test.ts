import { describe, expect, test } from 'vitest';
import { manualClock } from '../clock.ts';
import { makeGate } from './gate.ts';

/** Lets everything that is due run. */
const settle = () => new Promise(resolve => setImmediate(resolve));

function gateFor(workers: number) {
  const clock = manualClock();
  const stop = new AbortController();
  const gate = makeGate(clock, workers, stop.signal);
  const entered: boolean[] = [];
  const arrive = async () => {
    entered.push(await gate.enter());
  };
  return { clock, stop, gate, entered, arrive };
}

describe('the gate', () => {
  test('lets every worker in at once while nothing is refused', async () => {
    const { gate } = gateFor(8);
    expect(Array.from({ length: 9 }, () => gate.enter()).filter(entry => entry === true)).toHaveLength(8);
  });

  test('lets nobody in before the longest hold is over, and then everybody', async () => {
    const { clock, gate, entered, arrive } = gateFor(8);
    gate.holdFor(1000);
    gate.holdFor(10);
    for (let worker = 0; worker < 3; worker += 1) void arrive();
    clock.advance(999);
    await settle();
    gate.holdFor(500); // held again while they slept
    clock.advance(1);
    await settle();
    expect(entered).toEqual([]);
    clock.advance(499);
    await settle();
    expect(entered).toEqual([true, true, true]);
  });

  test('lets go of those who wait when the run stops, without letting them in', async () => {
    const { stop, gate, entered, arrive } = gateFor(1);
    gate.enter();
    void arrive();
    await settle();
    gate.holdFor(1000);
    void arrive();
    stop.abort();
    await settle();
    expect(entered).toEqual([false, false]);
    expect(gate.enter()).toBe(false);
  });

  test('halves the calls at a time after a refusal, once for all calls that were under way', async () => {
    const { clock, gate } = gateFor(8);
    const startMs = clock.monotonicMs();
    for (let call = 0; call < 8; call += 1) gate.enter();
    clock.advance(10);
    for (let call = 0; call < 8; call += 1) gate.leave(startMs, true);
    expect(roomIn(gate)).toBe(4);
  });

  test('never goes below one, and comes back by one for every round of answers', async () => {
    const { clock, gate } = gateFor(8);
    for (let refusal = 0; refusal < 5; refusal += 1) {
      clock.advance(10);
      gate.enter();
      gate.leave(clock.monotonicMs(), true);
    }
    expect(roomIn(gate)).toBe(1);
    const answer = () => {
      gate.enter();
      gate.leave(clock.monotonicMs(), false);
    };
    answer();
    expect(roomIn(gate)).toBe(2);
    answer();
    expect(roomIn(gate)).toBe(2);
    answer();
    expect(roomIn(gate)).toBe(3);
    for (let call = 0; call < 100; call += 1) answer();
    expect(roomIn(gate)).toBe(8);
  });

  test('lets the next one in when one leaves', async () => {
    const { clock, gate, entered, arrive } = gateFor(1);
    gate.enter();
    void arrive();
    await settle();
    expect(entered).toEqual([]);
    gate.leave(clock.monotonicMs(), false);
    await settle();
    expect(entered).toEqual([true]);
  });

  /** Calls that may start now. They leave at once, as calls from before the last cut, which change nothing. */
  function roomIn(gate: ReturnType<typeof makeGate>): number {
    let room = 0;
    while (gate.enter() === true) room += 1;
    for (let call = 0; call < room; call += 1) gate.leave(-Infinity, true);
    return room;
  }
});
