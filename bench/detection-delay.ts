/**
 * How soon a worse candidate is rolled back by the default configuration: candidate units met until the alarm, through
 * simulated rollouts 10 → 25 → 50 % with users who come back. Seeded; one core, a minute. No goal: the figures
 * of the guide, and what a change of a test's parameters costs.
 * Usage: node bench/detection-delay.ts [releases] [seed]
 */
import { openEvidence } from '../src/analysis/live.ts';
import type { EvidencePlan } from '../src/analysis/live-plan.ts';
import { type Change, DEFAULT_TRAFFIC, simulatedTraffic } from '../src/analysis/simulated-traffic.test-support.ts';
import { seededRandom } from '../src/stats/random.ts';

const RELEASES = Number(process.argv[2] ?? 400);
const SEED = Number(process.argv[3] ?? 20_261_123);
const WEIGHTS = [10, 25, ...Array.from({ length: 20 }, (_, i) => 50 + (i % 2))]; // on at one half until it is found
const REQUESTS_PER_STAGE = 4000;

const PLAN: EvidencePlan = {
  alpha: 0.05,
  errorRateMax: null,
  metrics: [
    { name: 'latency', direction: 'lowerIsBetter', minEffect: 0.05, required: true },
    { name: 'quality', direction: 'higherIsBetter', minEffect: 0.02, required: false },
  ],
};

/** Candidate units met, each once a stage, until the alarm; Infinity when there is none. */
function unitsUntilAlarm(seed: number, change: Change): number {
  const traffic = simulatedTraffic(seededRandom(seed), DEFAULT_TRAFFIC);
  const evidence = openEvidence(PLAN);
  let before = 0;
  for (const [index, weight] of WEIGHTS.entries()) {
    evidence.enterStage({ index, weight, atMs: traffic.nowMs });
    const met = new Set<number>();
    for (let i = 1; i <= REQUESTS_PER_STAGE; i++) {
      const outcome = traffic.next(weight, change);
      if (outcome.arm === 'candidate') met.add(outcome.unitHash!);
      evidence.add(outcome);
      if (i % 20 !== 0) continue;
      const verdict = evidence.judge({ minSamples: 50, require: 'noHarm', nowMs: traffic.nowMs });
      if (verdict.kind === 'fail') return before + met.size;
    }
    before += met.size;
  }
  return Number.POSITIVE_INFINITY;
}

const slower =
  (factor: number): Change =>
  outcome => {
    outcome.latencyMs = outcome.latencyMs! * factor;
  };
const failing =
  (extra: number): Change =>
  (outcome, random) => {
    outcome.error = outcome.error === true || random() < extra;
  };
const worse =
  (share: number): Change =>
  (outcome, random) => {
    if (random() < share) outcome.quality = 0;
  };

const rows: [name: string, change: Change][] = [
  ['latency +50 %', slower(1.5)],
  ['latency +25 %', slower(1.25)],
  ['latency +15 %', slower(1.15)],
  ['errors 1 → 10 %', failing(0.09)],
  ['errors 1 → 5 %', failing(0.04)],
  ['errors 1 → 3 %', failing(0.02)],
  ['quality .90 → .72', worse(0.2)],
  ['quality .90 → .81', worse(0.1)],
];
console.log(`candidate units until the alarm, ${RELEASES} releases a row, seed ${SEED}: median, p95, found`);
for (const [name, change] of rows) {
  const units = Array.from({ length: RELEASES }, (_, i) => unitsUntilAlarm(SEED + i, change)).sort((a, b) => a - b);
  const at = (q: number) => units[Math.floor(q * (RELEASES - 1))];
  const found = units.filter(Number.isFinite).length / RELEASES;
  console.log(`${name.padEnd(20)} ${at(0.5)} ${at(0.95)} ${(100 * found).toFixed(1)} %`);
}
