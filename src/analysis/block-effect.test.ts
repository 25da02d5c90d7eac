import { describe, expect, test } from 'vitest';
import { seededRandom } from '../stats/random.ts';
import { BlockEffect, timeUniformZ } from './block-effect.ts';
import { normalFrom } from './simulated-traffic.test-support.ts';

const random = seededRandom(7);

describe('the effect over blocks', () => {
  test('of a ratio covers the truth at every look, in 95 of 100 runs', () => {
    let missed = 0;
    for (let run = 0; run < 300; run++) {
      const effect = new BlockEffect('logRatio', 0.05);
      let outside = false;
      for (let i = 0; i < 400; i++) {
        const value = () => Math.exp(0.5 * normalFrom(random));
        effect.add({ baseline: [value(), value(), value()], candidate: [1.3 * value()] });
        const { low, high } = effect.effect();
        if (i > 30 && !(low! < 1.3 && 1.3 < high!)) outside = true;
      }
      if (outside) missed++;
    }
    expect(missed / 300).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 300));
  });

  test('never mixes samples of stages: a rush hour under another weight is no effect', () => {
    const effect = new BlockEffect('logRatio', 0.05);
    for (let i = 0; i < 90; i++) effect.add({ baseline: Array(9).fill(100), candidate: [100] });
    for (let i = 0; i < 90; i++) effect.add({ baseline: [500], candidate: [500] });
    const { value, low, high } = effect.effect();
    for (const bound of [value, low, high]) expect(bound).toBeCloseTo(1, 9);
  });

  test('of rates stays uncertain where no error was seen', () => {
    const effect = new BlockEffect('rate', 0.05);
    for (let i = 0; i < 200; i++) effect.add({ baseline: [0, 0, 0], candidate: [0] });
    const { value, low, high } = effect.effect();
    expect(value).toBe(0);
    expect(high).toBeGreaterThan(0.03);
    expect(low).toBeLessThan(-0.01);
  });

  test('of scores that never vary shrinks, but is not certain at once', () => {
    const effect = new BlockEffect('difference', 0.05);
    for (let i = 0; i < 100; i++) effect.add({ baseline: [1], candidate: [1] });
    expect(effect.effect().high).toBeGreaterThan(0.01);
    for (let i = 0; i < 900; i++) effect.add({ baseline: [1], candidate: [1] });
    expect(effect.effect().high).toBeLessThan(0.005);
  });

  test('leaves out of a ratio what has no logarithm, and tells nothing when nothing is left', () => {
    const effect = new BlockEffect('logRatio', 0.05);
    effect.add({ baseline: [0], candidate: [5] });
    effect.add({ baseline: [5], candidate: [Number.POSITIVE_INFINITY] });
    expect(effect.effect()).toEqual({ kind: 'ratio', value: null, low: null, high: null });
    effect.add({ baseline: [0, 4], candidate: [8] });
    expect(effect.effect()).toMatchObject({ value: expect.closeTo(2, 9), low: null });
  });

  test('the multiplier is wider than a single look asks for', () => {
    for (const n of [10, 100, 1000, 100_000]) expect(timeUniformZ(n, 0.05)).toBeGreaterThan(2.9);
  });
});
