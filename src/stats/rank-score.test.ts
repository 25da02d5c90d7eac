import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ValueBlock } from './e-process.ts';
import { exactRankScoreEProcess } from './exact-rank-score.ts';
import { rankScoreEProcess, scoreDifference } from './rank-score.ts';
import { absorb, rankSketch } from './rank-sketch.ts';
import { seededStream } from './stream.test-support.ts';

const value = fc.oneof(
  fc.double({ min: 0, max: 1e15, noNaN: true }),
  fc.constantFrom(0, 1e-7, 1, 1.5, 2, Number.POSITIVE_INFINITY),
);
const values = fc.array(value, { minLength: 1, maxLength: 6 });
const block = fc.record({ baseline: values, candidate: values });

function logNormalBlocks(count: number, ratio: number, seed: number, slower = 1): ValueBlock[] {
  const stream = seededStream(seed);
  return Array.from({ length: count }, () => ({
    baseline: Array.from({ length: ratio }, () => 800 * stream.logNormal(0.5)),
    candidate: [800 * slower * stream.logNormal(0.5)],
  }));
}

describe('the rank-score e-process', () => {
  test('scores the first block 0, which has no past', () => {
    const process = rankScoreEProcess();
    expect(process.logE(process.fold(process.initial(), { baseline: [1], candidate: [1000] }))).toBe(0);
  });

  test('bets on scores that change sign when one value of each arm is swapped, so that its mean is 0 under the null', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 40 }), value, value, (past, x, y) => {
        const sketch = rankSketch();
        for (const one of past) absorb(sketch, one);
        const d = scoreDifference(sketch, { baseline: [x], candidate: [y] }, 1);
        expect(scoreDifference(sketch, { baseline: [y], candidate: [x] }, 1) + d).toBe(0);
        expect(Math.abs(d)).toBeLessThanOrEqual(1);
        if (y >= x) expect(d).toBeGreaterThanOrEqual(0);
      }),
      { seed: 3 },
    );
  });

  test.each([
    ['1:1', 1],
    ['9:1', 9],
  ] as const)('follows the exact ranks to 2% of its evidence at %s', (_, ratio) => {
    const sketched = rankScoreEProcess();
    const exact = exactRankScoreEProcess();
    const [one, other] = [sketched.initial(), exact.initial()];
    for (const next of logNormalBlocks(400, ratio, 5, 1.25)) {
      sketched.fold(one, next);
      exact.fold(other, next);
    }
    expect(exact.logE(other)).toBeGreaterThan(5);
    expect(Math.abs(sketched.logE(one) / exact.logE(other) - 1)).toBeLessThan(0.02);
  });

  test('still finds a 1% shift of values that all lie within one bin', () => {
    const process = rankScoreEProcess();
    const state = process.initial();
    const stream = seededStream(6);
    const near = (centre: number) => [centre * stream.logNormal(0.005)];
    for (let i = 0; i < 200; i++) process.fold(state, { baseline: near(1060), candidate: near(1070.6) });
    expect(process.logE(state)).toBeGreaterThan(Math.log(20));
  });

  test('keeps the evidence below 1 for a candidate that is exactly its margin slower, and above 20 beyond it', () => {
    const process = rankScoreEProcess({ margin: 0.25 });
    const [within, beyond] = [process.initial(), process.initial()];
    for (const next of logNormalBlocks(400, 1, 7, 1.25)) process.fold(within, next);
    for (const next of logNormalBlocks(400, 1, 7, 1.6)) process.fold(beyond, next);
    expect(process.logE(within)).toBeLessThan(0);
    expect(process.logE(beyond)).toBeGreaterThan(Math.log(20));
  });

  test('takes smaller values for worse when told so', () => {
    const process = rankScoreEProcess({ worse: 'lower', margin: 0.05 });
    const [slower, faster] = [process.initial(), process.initial()];
    for (const next of logNormalBlocks(300, 1, 8, 1.4)) process.fold(slower, next);
    for (const next of logNormalBlocks(300, 1, 8, 0.6)) process.fold(faster, next);
    expect(process.logE(slower)).toBeLessThan(0);
    expect(process.logE(faster)).toBeGreaterThan(Math.log(20));
  });

  test('counts a time-out, +Infinity, as slower than every answer', () => {
    const process = rankScoreEProcess();
    const state = process.initial();
    for (let i = 0; i < 40; i++) process.fold(state, { baseline: [1e11], candidate: [Number.POSITIVE_INFINITY] });
    expect(process.logE(state)).toBeGreaterThan(Math.log(20));
  });

  test.each([
    ['sketch', rankScoreEProcess({ margin: 0.05 })],
    ['exact', exactRankScoreEProcess({ margin: 0.05 })],
  ] as const)('continues from its bytes with the same bits, and is finite (%s)', (_, variant) => {
    const process = variant as ReturnType<typeof rankScoreEProcess>;
    fc.assert(
      fc.property(fc.array(fc.tuple(block, fc.constantFrom(1, 1, 0.5)), { maxLength: 40 }), block, (past, next) => {
        const state = process.initial();
        for (const [one, eta] of past) process.fold(state, one, eta);
        const bytes = process.encode(state);
        const copy = process.decode(bytes);
        expect(process.encode(copy)).toEqual(bytes);
        const logE = process.logE(process.fold(state, next));
        expect(process.logE(process.fold(copy, next))).toBe(logE);
        expect(Number.isFinite(logE)).toBe(true);
      }),
      { seed: 4 },
    );
  });

  test('fits a million latencies into half a kilobyte', () => {
    const process = rankScoreEProcess();
    const state = process.initial();
    for (const next of logNormalBlocks(2000, 499, 9)) process.fold(state, next);
    expect(process.encode(state).length).toBeLessThan(512);
  });

  test.each([
    ['an empty arm', { baseline: [], candidate: [1] }, /candidate|baseline has none/],
    ['NaN', { baseline: [1], candidate: [Number.NaN] }, /candidate holds NaN/],
    ['a negative value', { baseline: [-1], candidate: [1] }, /baseline holds -1/],
  ])('refuses %s and leaves the state as it was', (_, wrong, message) => {
    const process = rankScoreEProcess();
    const state = process.fold(process.initial(), { baseline: [1], candidate: [2] });
    const before = process.encode(state);
    expect(() => process.fold(state, wrong)).toThrow(message);
    expect(process.encode(state)).toEqual(before);
  });

  test('refuses bytes of another process, of another grid, or damaged ones', () => {
    const process = rankScoreEProcess();
    const bytes = process.encode(process.fold(process.initial(), { baseline: [1], candidate: [2] }));
    expect(() => exactRankScoreEProcess().decode(bytes)).toThrow(/another kind/);
    expect(() => rankScoreEProcess({ lambdaGrid: [0.5] }).decode(bytes)).toThrow(/grid of 12/);
    expect(() => process.decode(bytes.subarray(0, bytes.length - 1))).toThrow(/cut short/);
    expect(() => process.decode(Uint8Array.of(...bytes, 0))).toThrow(/unread/);
  });
});
