import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { atStage, feed, JUDGE, metric, PLAN } from './live.test-support.ts';
import { decodeEvidence, type LiveEvidence, openEvidence } from './live.ts';
import type { LiveOutcome } from './live-outcome.ts';

describe('a snapshot', () => {
  const arm = fc.constantFrom('baseline' as const, 'candidate' as const);
  const value = fc.oneof(fc.double({ min: 0, max: 1e4 }), fc.constantFrom(Number.NaN, -1, Infinity, 0));
  const outcome: fc.Arbitrary<LiveOutcome> = fc.record(
    {
      arm,
      unitHash: fc.integer({ min: 0, max: 300 }),
      atMs: fc.integer({ min: 0, max: 60_000 }),
      expectedArm: arm,
      latencyMs: value,
      error: fc.boolean(),
      quality: fc.oneof(fc.double({ min: 0, max: 1 }), value),
      tokens: value,
      costUsd: value,
    },
    { requiredKeys: ['arm', 'atMs'] },
  );
  const stage = fc.record({
    index: fc.nat(3),
    weight: fc.constantFrom(1, 10, 25, 40, 50, 95, 100),
    atMs: fc.constant(0),
  });
  const story = fc.array(fc.oneof({ arbitrary: outcome, weight: 30 }, { arbitrary: stage, weight: 1 }), {
    maxLength: 300,
  });
  const plan = { ...PLAN, errorRateMax: 0.3, metrics: [...PLAN.metrics, metric('tokens', 0.05), metric('cost', 0.1)] };
  const tell = (evidence: LiveEvidence, step: LiveOutcome | { index: number; weight: number; atMs: number }) =>
    'index' in step ? evidence.enterStage(step) : evidence.add(step);

  test('taken at any point goes on identically, and says the same', () => {
    fc.assert(
      fc.property(story, fc.nat(300), (steps, cut) => {
        const whole = openEvidence(plan);
        let resumed = openEvidence(plan);
        for (const [i, step] of steps.entries()) {
          if (i === cut) resumed = decodeEvidence(plan, resumed.encode());
          tell(whole, step);
          tell(resumed, step);
          if (i % 7 === 0) whole.judge(JUDGE);
        }
        expect(resumed.encode()).toEqual(whole.encode());
        expect(decodeEvidence(plan, whole.encode()).judge(JUDGE)).toEqual(whole.judge(JUDGE));
      }),
      { numRuns: 150 },
    );
  });

  test('no verdict ever holds NaN, whatever comes in', () => {
    fc.assert(
      fc.property(story, steps => {
        const evidence = openEvidence(plan);
        for (const step of steps) tell(evidence, step);
        for (const require of ['noHarm', 'nonInferior'] as const) {
          const verdict = evidence.judge({ ...JUDGE, require, minSamples: 3 });
          const numbers: unknown[] = [];
          JSON.stringify(verdict, (_key, found) => {
            if (typeof found === 'number') numbers.push(found);
            return found;
          });
          expect(numbers.every(Number.isFinite)).toBe(true);
          expect(verdict.reason.length).toBeGreaterThan(5);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('of another plan, cut short or of another format is refused', () => {
    const evidence = atStage(50);
    feed(evidence, { count: 100 });
    const bytes = evidence.encode();
    expect(() => decodeEvidence({ ...PLAN, alpha: 0.01 }, bytes)).toThrow('another plan');
    expect(() => decodeEvidence(PLAN, bytes.subarray(0, bytes.length - 3))).toThrow(RangeError);
    expect(() => decodeEvidence(PLAN, Uint8Array.of(0, ...bytes.subarray(1)))).toThrow(RangeError);
  });

  test('of a fresh release is small, and one of 1,000 users stays below 16 KiB', () => {
    const evidence = atStage(50);
    expect(evidence.encode().length).toBeLessThan(300);
    feed(evidence, { count: 1000 });
    expect(evidence.encode().length).toBeLessThan(16_384);
  });

  test('of 200,000 users stays below 64 KiB for each of three metrics, and calls nobody worse', () => {
    const evidence = atStage(10);
    feed(evidence, { count: 200_000, weight: 10 });
    expect(evidence.encode().length).toBeLessThan(3 * 64 * 1024);
    expect(evidence.judge(JUDGE).kind).toBe('pass');
  });

  test('entering the same stage again changes nothing', () => {
    const evidence = atStage(50);
    feed(evidence, { count: 100 });
    const bytes = evidence.encode();
    evidence.enterStage({ index: 0, weight: 50, atMs: 77 });
    expect(evidence.encode()).toEqual(bytes);
  });
});
