/**
 * How often an unchanged release would be rolled back: simulated rollouts 10 → 25 → 50 → 100 of a candidate that is the
 * baseline, with users who come back and differ from each other, judged after every batch. Goal: at most alpha, with three
 * standard errors. Seeded; one core, minutes.
 * Usage: node bench/false-rollbacks.ts [releases] [seed]
 */
import { openEvidence } from '../src/analysis/live.ts';
import type { EvidencePlan } from '../src/analysis/live-plan.ts';
import {
  DEFAULT_TRAFFIC,
  simulatedTraffic,
  type TrafficOptions,
} from '../src/analysis/simulated-traffic.test-support.ts';
import type { Verdict } from '../src/analysis/verdict.ts';
import { seededRandom } from '../src/stats/random.ts';

const RELEASES = Number(process.argv[2] ?? 1000);
const SEED = Number(process.argv[3] ?? 20_261_123);
const ALPHA = 0.05;
const STAGES = [10, 25, 50, 100];
const REQUESTS_PER_STAGE = 4000;
const BATCH = 50;

const PLAN: EvidencePlan = {
  alpha: ALPHA,
  errorRateMax: 0.05,
  metrics: [
    { name: 'latency', direction: 'lowerIsBetter', minEffect: 0.05, required: true },
    { name: 'quality', direction: 'higherIsBetter', minEffect: 0.01, required: true },
  ],
};

/** The first verdict `fail` of one release, and the last verdict else. */
function rollOut(seed: number, options: TrafficOptions): Verdict {
  const traffic = simulatedTraffic(seededRandom(seed), options);
  const evidence = openEvidence(PLAN);
  let verdict: Verdict | undefined;
  for (const [index, weight] of STAGES.entries()) {
    evidence.enterStage({ index, weight, atMs: traffic.nowMs });
    for (let i = 1; i <= REQUESTS_PER_STAGE; i++) {
      evidence.add(traffic.next(weight));
      if (i % BATCH !== 0) continue;
      verdict = evidence.judge({ minSamples: 100, require: 'noHarm', nowMs: traffic.nowMs });
      if (verdict.kind === 'fail') return verdict;
    }
  }
  return verdict!;
}

const rows: [name: string, options: TrafficOptions][] = [
  ['5,000 users', DEFAULT_TRAFFIC],
  ['500 users', { ...DEFAULT_TRAFFIC, users: 500 }],
];
console.log(`${RELEASES} unchanged releases a row, alpha ${ALPHA}, stages ${STAGES.join('/')} %, seed ${SEED}`);
let isOver = false;
for (const [name, options] of rows) {
  const started = process.cpuUsage().user;
  const by: Record<string, number> = {};
  let ended = 0;
  for (let i = 0; i < RELEASES; i++) {
    const verdict = rollOut(SEED + i, options);
    const key =
      verdict.kind === 'fail'
        ? `fail ${verdict.metric} (${verdict.trigger})`
        : verdict.kind === 'inconclusive'
          ? verdict.code
          : 'pass';
    by[key] = (by[key] ?? 0) + 1;
    if (verdict.kind === 'fail') ended++;
  }
  const share = ended / RELEASES;
  const bound = ALPHA + 3 * Math.sqrt((ALPHA * (1 - ALPHA)) / RELEASES);
  isOver ||= share > bound;
  const error = Math.sqrt((share * (1 - share)) / RELEASES);
  console.log(
    `${name}: false rollbacks ${(100 * share).toFixed(2)} % ± ${(100 * error).toFixed(2)} (bound ${(100 * bound).toFixed(2)} %) ` +
      `${JSON.stringify(by)} ${((process.cpuUsage().user - started) / 1e6).toFixed(1)} s CPU`,
  );
}
process.exitCode = isOver ? 1 : 0;
