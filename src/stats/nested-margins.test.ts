import { describe, expect, test } from 'vitest';
import type { ValueBlock } from './e-process.ts';
import { frozenScore } from './frozen-ranks.ts';
import { DEFAULT_LAMBDA_GRID } from './grid.ts';
import { nestedMarginsEProcess } from './nested-margins.ts';
import { oddsRatioEProcess } from './odds-ratio.ts';
import { seededRandom } from './random.ts';

const MARGINS = [0.05, 0.1, 0.25, 0.5, 1];
const QUANTILES = [0.5, 0.95, 0.99];
const nested = nestedMarginsEProcess();

function latencies(random: () => number, factor = 1) {
  return () => factor * 100 * Math.exp(0.5 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

function blocks(count: number, [a, b]: readonly [number, number], factor: number, seed: number): ValueBlock[] {
  const random = seededRandom(seed);
  const [ofBaseline, ofCandidate] = [latencies(random), latencies(random, factor)];
  return Array.from({ length: count }, () => ({
    baseline: Array.from({ length: a }, ofBaseline),
    candidate: Array.from({ length: b }, ofCandidate),
  }));
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const logMean = (logs: number[]) => {
  const top = Math.max(...logs);
  return top + Math.log(mean(logs.map(log => Math.exp(log - top))));
};

describe('ranks and quantiles at nested margins', () => {
  test.each([
    [1, 1],
    [9, 1],
    [3, 2],
    [60, 70],
    [400, 300],
  ] as const)('with blocks %d:%d each e-value is the product of its block factors', (a, b) => {
    const state = nested.initial();
    const bets = MARGINS.map(() => DEFAULT_LAMBDA_GRID.map(() => 0));
    const single = oddsRatioEProcess();
    const odds = MARGINS.map(() => QUANTILES.map(() => single.initial()));
    for (const block of blocks(a + b > 100 ? 60 : 600, [a, b], 1.3, 5)) {
      const [baseline, candidate] = [Array.from(block.baseline), Array.from(block.candidate)];
      const { shares, thresholds, total } = state.past;
      const score = (value: number) => frozenScore(shares, value);
      for (const [k, margin] of MARGINS.entries()) {
        if (total === 0) continue;
        const scaled = candidate.map(value => value * (1 / (1 + margin)));
        const d = mean(scaled.map(score)) - mean(baseline.map(score));
        for (const [j, lambda] of DEFAULT_LAMBDA_GRID.entries()) bets[k]![j]! += Math.log1p(lambda * d);
        for (const [q, threshold] of thresholds.entries())
          single.fold(odds[k]![q]!, {
            baselineTrials: a,
            baselineEvents: baseline.filter(value => value > threshold).length,
            candidateTrials: b,
            candidateEvents: scaled.filter(value => value > threshold).length,
          });
      }
      nested.fold(state, block);
    }
    for (const [k] of MARGINS.entries()) {
      expect(nested.rankLogE(state, k)).toBeCloseTo(logMean(bets[k]!), 8);
      for (const [q] of QUANTILES.entries())
        expect(nested.exceedanceLogE(state, k, q)).toBeCloseTo(single.logE(odds[k]![q]!), 8);
    }
  });

  test('a candidate 30% slower is found to be more than 10% slower, and not more than 50%', () => {
    const state = nested.initial();
    for (const block of blocks(3_000, [1, 1], 1.3, 8)) nested.fold(state, block);
    expect(MARGINS.map((_, k) => nested.rankLogE(state, k) >= Math.log(100))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test('a slow tail is found below one per cent of failures, which rank above it in both arms', () => {
    const random = seededRandom(9);
    const draw = latencies(random);
    const slowTail = (value: number) => (value > 100 * Math.exp(0.5 * 2.0537) ? 2 * value : value);
    const value = (isCandidate: boolean) => {
      if (random() < 0.01) return Number.POSITIVE_INFINITY;
      return isCandidate ? slowTail(draw()) : draw();
    };
    const state = nested.initial();
    for (let i = 0; i < 6_000; i++) nested.fold(state, { baseline: [value(false)], candidate: [value(true)] });
    expect(nested.exceedanceLogE(state, 0, 2)).toBeGreaterThan(Math.log(100));
    expect(nested.rankLogE(state, 0)).toBeLessThan(Math.log(20));
  });

  test('a decoded state continues with the same bits, between two freezings too', () => {
    const all = blocks(500, [2, 1], 1.2, 3);
    const state = nested.initial();
    for (const block of all.slice(0, 333)) nested.fold(state, block);
    const bytes = nested.encode(state);
    expect(bytes.length).toBeLessThan(64 * 1024);
    const copy = nested.decode(bytes);
    for (const block of all.slice(333)) {
      nested.fold(state, block);
      nested.fold(copy, block);
    }
    expect(nested.encode(copy)).toEqual(nested.encode(state));
    expect(nested.rankLogE(copy, 4)).toBe(nested.rankLogE(state, 4));
  });

  test('the past is frozen some 120 times for each e-fold, whatever comes', () => {
    const state = nested.initial();
    let freezings = 0;
    let last = 0;
    for (const block of blocks(20_000, [1, 1], 1, 4)) {
      nested.fold(state, block);
      if (state.past.freezeAt !== last) freezings++;
      last = state.past.freezeAt;
    }
    expect(freezings).toBeLessThan(50 + Math.log(40_000) / Math.log(1.02));
  });

  test('time-outs rank highest; NaN, negative values and empty arms are refused and change nothing', () => {
    const state = nested.initial();
    const before = nested.encode(state);
    for (const candidate of [[Number.NaN], [-1], []])
      expect(() => nested.fold(state, { baseline: [1], candidate })).toThrow(RangeError);
    expect(nested.encode(state)).toEqual(before);
    for (let i = 0; i < 40; i++) nested.fold(state, { baseline: [1 + i], candidate: [Number.POSITIVE_INFINITY] });
    expect(nested.rankLogE(state, 4)).toBeGreaterThan(Math.log(20));
    expect(() => nestedMarginsEProcess({ quantiles: [95] })).toThrow(/\(0, 1\), got 95/);
  });
});
