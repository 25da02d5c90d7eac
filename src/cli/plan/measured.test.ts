import { describe, expect, test } from 'vitest';
import { metric } from '../../analysis/live.test-support.ts';
import { openEvidence } from '../../analysis/live.ts';
import type { EvidencePlan } from '../../analysis/live-plan.ts';
import { sampleRelease } from '../../rollout/release.test-support.ts';
import type { StageRecord } from '../../rollout/release.ts';
import { toWire } from '../../server/contract.ts';
import { seededRandom } from '../../stats/random.ts';
import { measuredIn } from './measured.ts';

const PLAN: EvidencePlan = {
  alpha: 0.05,
  errorRateMax: null,
  metrics: [metric('latency', 0.05), metric('quality', 0.02), metric('tokens', 0.05)],
};
const START = Date.parse('2026-03-01T10:00:00Z');
const SECONDS = 120;
const PER_SECOND = 40;

/** Stages of a release as they are stored, each left on the verdict of its fresh units. */
function stagesOf(
  weights: readonly number[],
  errorRate: number,
  quality: (random: () => number) => number,
): StageRecord[] {
  const random = seededRandom(4);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const evidence = openEvidence(PLAN);
  return weights.map((weight, index) => {
    const enteredMs = START + index * SECONDS * 1000;
    evidence.enterStage({ index, weight, atMs: enteredMs });
    for (let i = 1; i <= SECONDS * PER_SECOND; i++)
      evidence.add({
        arm: random() * 100 < weight ? 'candidate' : 'baseline',
        atMs: enteredMs + (1000 * i) / PER_SECOND,
        latencyMs: 300 * Math.exp(0.7 * normal()),
        tokens: Math.exp(0.3 * normal()),
        error: random() < errorRate,
        quality: quality(random),
      });
    const leftMs = enteredMs + SECONDS * 1000;
    const verdict = evidence.judge({ minSamples: 50, require: 'noHarm', nowMs: leftMs });
    return { weight, enteredAt: new Date(enteredMs).toISOString(), leftAt: new Date(leftMs).toISOString(), verdict };
  });
}

const released = (stages: StageRecord[]) => toWire(sampleRelease({ stages }));
const passOrFail = (mean: number) => (random: () => number) => (random() < mean ? 1 : 0);

describe('what the last release tells', () => {
  test.each([[[10]], [[50]], [[10, 25, 50]]])(
    'of stages at %j: units a second, error rate, spreads and quality',
    weights => {
      const stages = stagesOf(weights, 0.03, passOrFail(0.85));
      const measured = measuredIn(released([...stages, { weight: 100 }]), PLAN.alpha)!;
      expect(measured.unitsPerSecond / PER_SECOND).toBeGreaterThan(0.93);
      expect(measured.unitsPerSecond / PER_SECOND).toBeLessThan(1.01);
      expect(measured.errorRate).toBeCloseTo(0.03, 2);
      expect(Math.abs(measured.spreads.get('tokens')! - 0.3)).toBeLessThan(0.02);
      expect(Math.abs(measured.spreads.get('latency')! - 0.7)).toBeLessThan(0.045);
      expect(measured.quality).toBeCloseTo(0.85, 1);
    },
  );

  test('scores that hardly vary count as pass or fail with as little spread', () => {
    const stages = stagesOf([50], 0, random => 0.6 + 0.1 * random());
    const measured = measuredIn(released(stages), PLAN.alpha)!;
    expect(measured.quality).toBeGreaterThan(0.99);
    expect(measured.errorRate).toBeLessThan(0.001);
  });

  test('nothing of a release that compared too little, or that was at full weight only', () => {
    const [stage] = stagesOf([10], 0.01, passOrFail(0.9));
    const few = { ...stage!, verdict: { ...stage!.verdict!, metrics: [] } };
    expect(measuredIn(released([few]), PLAN.alpha)).toBeNull();
    expect(measuredIn(released([{ ...stage!, weight: 100 }]), PLAN.alpha)).toBeNull();
    expect(measuredIn(released([{ weight: 10, enteredAt: stage!.enteredAt! }]), PLAN.alpha)).toBeNull();
  });
});
