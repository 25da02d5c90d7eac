import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundedBetEProcess } from './bounded-bet.ts';
import { seededStream } from './stream.test-support.ts';

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const block = fc.record({
  baseline: fc.array(unit, { minLength: 1, maxLength: 5 }),
  candidate: fc.array(unit, { minLength: 1, maxLength: 5 }),
});

describe('the bounded bet', () => {
  test('gains ln(1 + mean λ) from the largest possible harm', () => {
    const process = boundedBetEProcess();
    expect(process.logE(process.fold(process.initial(), { baseline: [1], candidate: [0] }))).toBeCloseTo(0.32810399, 8);
  });

  test('takes a harm of exactly the margin for none', () => {
    const process = boundedBetEProcess({ margin: 0.25 });
    expect(process.logE(process.fold(process.initial(), { baseline: [0.75], candidate: [0.5] }))).toBe(0);
  });

  test('bets on a share of a hard cap when higher is worse', () => {
    const process = boundedBetEProcess({ worse: 'higher' });
    const mirrored = boundedBetEProcess();
    const [one, other] = [process.initial(), mirrored.initial()];
    process.fold(one, { baseline: [0.2], candidate: [0.6] });
    mirrored.fold(other, { baseline: [0.6], candidate: [0.2] });
    expect(process.logE(one)).toBeGreaterThan(0);
    expect(process.logE(one)).toBe(mirrored.logE(other));
  });

  test('finds a pass rate 20 points lower within 200 pairs', () => {
    const process = boundedBetEProcess({ margin: 0.01 });
    const state = process.initial();
    const stream = seededStream(12);
    const pass = (rate: number) => [stream.flip(rate) ? 1 : 0];
    for (let i = 0; i < 200; i++) process.fold(state, { baseline: pass(0.9), candidate: pass(0.7) });
    expect(process.logE(state)).toBeGreaterThan(Math.log(20));
  });

  test('continues from its bytes with the same bits, and is finite after 10 000 worst blocks either way', () => {
    const process = boundedBetEProcess({ margin: 0.01 });
    fc.assert(
      fc.property(fc.array(fc.tuple(block, fc.constantFrom(1, 0.3)), { maxLength: 300 }), block, (past, next) => {
        const state = process.initial();
        for (const [one, eta] of past) process.fold(state, one, eta);
        const copy = process.decode(process.encode(state));
        expect(process.logE(process.fold(copy, next))).toBe(process.logE(process.fold(state, next)));
      }),
      { seed: 5 },
    );
    for (const d of [1, -1]) {
      const state = process.initial();
      for (let i = 0; i < 10_000; i++) process.foldDifference(state, d);
      expect(Number.isFinite(process.logE(state))).toBe(true);
      expect(Math.sign(process.logE(state))).toBe(d);
    }
  });

  test('counts a tempered block as its factor to the power eta, also between untempered ones', () => {
    const process = boundedBetEProcess({ lambdaGrid: [0.5] });
    const state = process.initial();
    process.foldDifference(state, 0.4);
    process.foldDifference(state, -0.2, 0.5);
    process.foldDifference(state, 0.6);
    expect(process.logE(state)).toBeCloseTo(Math.log(1.2) + 0.5 * Math.log(0.9) + Math.log(1.3), 12);
  });

  test('refuses values outside [0, 1], empty arms, and bets that could go bankrupt', () => {
    const process = boundedBetEProcess();
    const state = process.initial();
    expect(() => process.fold(state, { baseline: [1.1], candidate: [0] })).toThrow(/\[0, 1\], baseline holds 1.1/);
    expect(() => process.fold(state, { baseline: [1], candidate: [Number.NaN] })).toThrow(/candidate holds NaN/);
    expect(() => process.fold(state, { baseline: [1], candidate: [] })).toThrow(/candidate has none/);
    expect(() => process.foldDifference(state, 1.01)).toThrow(/\[-1, 1\]/);
    expect(() => boundedBetEProcess({ lambdaGrid: [1] })).toThrow(/0.99/);
    expect(() => boundedBetEProcess({ margin: 1 })).toThrow(/\[0, 1\)/);
    expect(process.logE(state)).toBe(0);
  });
});
