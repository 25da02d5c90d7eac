import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectReplayFromBytes } from './e-process.contract.ts';
import { exceedanceEProcess } from './exceedance.ts';
import { rankScoreEProcess } from './rank-score.ts';
import { seededStream } from './stream.test-support.ts';

const value = fc.double({ min: 0, max: 1e6, noNaN: true });
const block = fc.record({
  baseline: fc.array(value, { minLength: 1, maxLength: 9 }),
  candidate: fc.array(value, { minLength: 1, maxLength: 3 }),
});

describe('the exceedance e-process', () => {
  test('finds a slow tail at p99 that the rank score does not see', () => {
    const tail = exceedanceEProcess({ p: 0.99 });
    const rank = rankScoreEProcess();
    const [atTail, atRank] = [tail.initial(), rank.initial()];
    const stream = seededStream(21);
    const draw = (slowTail: boolean): number[] => {
      const latency = stream.logNormal(0.5);
      return [slowTail && latency > 2.79 ? 2 * latency : latency];
    };
    for (let i = 0; i < 3000; i++) {
      const next = { baseline: draw(false), candidate: draw(true) };
      tail.fold(atTail, next);
      rank.fold(atRank, next);
    }
    expect(tail.logE(atTail)).toBeGreaterThan(Math.log(20));
    expect(rank.logE(atRank)).toBeLessThan(Math.log(20));
  });

  test('learns nothing from its first block, which has no threshold, nor from values all equal', () => {
    const process = exceedanceEProcess({ p: 0.5 });
    const state = process.initial();
    expect(process.logE(process.fold(state, { baseline: [1], candidate: [9] }))).toBe(0);
    const equal = process.initial();
    for (let i = 0; i < 50; i++) process.fold(equal, { baseline: [4], candidate: [4] });
    expect(process.logE(equal)).toBe(0);
  });

  test('forgives a tail stretched by its margin', () => {
    const process = exceedanceEProcess({ p: 0.95, margin: 1 });
    const state = process.initial();
    const stream = seededStream(22);
    for (let i = 0; i < 2000; i++) {
      process.fold(state, { baseline: [stream.logNormal(0.5)], candidate: [2 * stream.logNormal(0.5)] });
    }
    expect(process.logE(state)).toBeLessThan(Math.log(20));
  });

  test('continues from its bytes with the same bits, and is finite', () => {
    const process = exceedanceEProcess({ p: 0.95, margin: 0.05 });
    expectReplayFromBytes(process, block, { seed: 6, maxBlocks: 40 });
  });

  test('refuses a quantile outside (0, 1)', () => {
    expect(() => exceedanceEProcess({ p: 95 })).toThrow(/\(0, 1\), got 95/);
  });
});
