import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectReplayFromBytes } from './e-process.contract.ts';
import { type ConditionedTable, logTiltRatios } from './hypergeometric-tilt.ts';
import { type CountBlock, oddsRatioEProcess } from './odds-ratio.ts';

const block = (baselineTrials: number, baselineEvents: number, candidateTrials: number, candidateEvents: number) => ({
  baselineTrials,
  baselineEvents,
  candidateTrials,
  candidateEvents,
});

/** Any possible block of up to 60 trials an arm. */
const blocks = fc
  .record({
    nA: fc.nat(60),
    nB: fc.nat(60),
    a: fc.double({ min: 0, max: 1, noNaN: true }),
    b: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ nA, nB, a, b }): CountBlock => block(nA, Math.round(a * nA), nB, Math.round(b * nB)));

/** Chances of each candidate count given the total, when the true odds ratio is phi. */
function conditionalLaw(nA: number, nB: number, total: number, phi: number): Map<number, number> {
  const choose = (n: number, k: number): number => {
    let value = 1;
    for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i;
    return value;
  };
  const weights = new Map<number, number>();
  for (let x = Math.max(0, total - nA); x <= Math.min(nB, total); x++) {
    weights.set(x, choose(nB, x) * choose(nA, total - x) * phi ** x);
  }
  const sum = [...weights.values()].reduce((left, right) => left + right, 0);
  return new Map([...weights].map(([x, weight]) => [x, weight / sum]));
}

describe('the odds-ratio e-process', () => {
  test('has expectation exactly 1 at the margin and at most 1 below it, for any table', () => {
    const cases = fc.record({
      nA: fc.integer({ min: 1, max: 25 }),
      nB: fc.integer({ min: 1, max: 25 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      phi0: fc.double({ min: 0.3, max: 4, noNaN: true }),
      below: fc.double({ min: 0.05, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ nA, nB, share, phi0, below }) => {
        const total = Math.round(share * (nA + nB));
        const process = oddsRatioEProcess({ phi0 });
        const expected = (phi: number): number => {
          let sum = 0;
          for (const [x, chance] of conditionalLaw(nA, nB, total, phi)) {
            sum += chance * Math.exp(process.logE(process.fold(process.initial(), block(nA, total - x, nB, x))));
          }
          return sum;
        };
        expect(expected(phi0)).toBeCloseTo(1, 9);
        expect(expected(phi0 * below)).toBeLessThanOrEqual(1 + 1e-9);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('reads the published value off its first block, 50:30 v 20:11', () => {
    const process = oddsRatioEProcess();
    expect(process.logE(process.fold(process.initial(), block(50, 30, 20, 11)))).toBeCloseTo(-2.21502951, 8);
  });

  test('learns nothing from a block without events, with events only, or with one silent arm', () => {
    const process = oddsRatioEProcess();
    const state = process.initial();
    for (const empty of [block(100, 0, 100, 0), block(3, 3, 2, 2), block(0, 0, 5, 1), block(5, 1, 0, 0)]) {
      expect(process.logE(process.fold(state, empty))).toBe(0);
    }
  });

  test('stays finite for an interval of a million requests with tens of thousands of events', () => {
    const process = oddsRatioEProcess({ phi0: 1.5 });
    const state = process.fold(process.initial(), block(900_000, 100, 100_000, 30_000));
    expect(process.logE(state)).toBeGreaterThan(10_000);
    expect(Number.isFinite(process.logE(process.fold(state, block(900_000, 30_000, 100_000, 0))))).toBe(true);
  });

  test.each([
    ['by polynomial', 60, 45],
    ['in logs', 120, 90],
  ])('equals the sum over all possible tables when computed %s', (_, total, x) => {
    const phis = Float64Array.from([1.2, 3, 50]);
    const table: ConditionedTable = {
      baselineTrials: 190,
      candidateTrials: 180,
      total,
      low: 0,
      range: total,
      shift: x,
      phi0: 1,
    };
    const computed = new Float64Array(3);
    logTiltRatios(table, { phis, logPhis: phis.map(Math.log) }, { weights: new Float64Array(0) }, computed);
    phis.forEach((phi, j) => {
      let tilted = 0;
      for (const [count, chance] of conditionalLaw(190, 180, total, 1)) tilted += chance * phi ** (count - x);
      expect(computed[j]).toBeCloseTo(-Math.log(tilted), 9);
    });
  });

  test('halves its log factors when tempered by one half, and ignores a block tempered to 0', () => {
    const process = oddsRatioEProcess({ phiGrid: [3] });
    const raw = process.logE(process.fold(process.initial(), block(50, 1, 50, 6)));
    expect(process.logE(process.fold(process.initial(), block(50, 1, 50, 6), 0.5))).toBeCloseTo(raw / 2, 12);
    expect(process.logE(process.fold(process.initial(), block(50, 1, 50, 6), 0))).toBe(0);
  });

  test('continues from its bytes with the same bits, and is finite, whatever came before', () => {
    const process = oddsRatioEProcess({ phi0: 1.5 });
    expectReplayFromBytes(process, blocks, { seed: 2, maxBlocks: 30 });
  });

  test('refuses counts that cannot be, and grids that are no alternatives', () => {
    const process = oddsRatioEProcess();
    const state = process.initial();
    for (const wrong of [block(1, 2, 1, 0), block(1, 0, 1, -1), block(1.5, 1, 1, 0), block(Number.NaN, 0, 1, 0)]) {
      expect(() => process.fold(state, wrong)).toThrow(/0 ≤ events ≤ trials/);
    }
    expect(() => process.fold(state, block(2, 1, 2, 1), 1.5)).toThrow(/eta/);
    expect(() => oddsRatioEProcess({ phiGrid: [1] })).toThrow(/> 1/);
    expect(() => oddsRatioEProcess({ phi0: 0 })).toThrow(/phi0/);
  });
});
