/**
 * The detector as a release runs it: shares of alpha, margins, stages, a unit once a stage. Beside it, on the same requests,
 * the same tests without units, and a threshold gate once a minute. Delays are in candidate units met.
 */
import { openEvidence } from '../../src/analysis/live.ts';
import type { EvidencePlan } from '../../src/analysis/live-plan.ts';
import {
  type Change,
  DEFAULT_TRAFFIC,
  simulatedTraffic,
  type TrafficOptions,
} from '../../src/analysis/simulated-traffic.test-support.ts';
import type { Draws } from './draws.ts';
import { Gate, p95 } from './gates.ts';
import type { Alarms, Method, Scenario } from './scenario.ts';

const PLAN: EvidencePlan = {
  alpha: 0.05,
  errorRateMax: null,
  metrics: [
    { name: 'latency', direction: 'lowerIsBetter', minEffect: 0.05, required: true },
    { name: 'quality', direction: 'higherIsBetter', minEffect: 0.02, required: false },
  ],
};
const NEVER = Number.POSITIVE_INFINITY;
const PER_STAGE = 4_000;
const LOOK_EVERY = 20;
const GATE_MS = 60_000;

interface Rollout {
  name: string;
  runs: { full: number; short: number };
  weights: readonly number[];
  traffic?: Partial<TrafficOptions>;
  change?: Change;
  /** Pods of each arm: an effect on ln latency that lasts for some requests. */
  pods?: { sd: number; lasting: number };
  bars?: Partial<Method>;
  /** Shares of alpha other than the default ones. */
  shares?: { errors: number; latency: number; quality: number };
}

export function rolloutScenario(rollout: Rollout): Scenario {
  const isNull = rollout.change === undefined;
  return {
    table: isNull ? 'default false alarms' : 'default delays',
    name: rollout.name,
    runs: rollout.runs,
    methods: [
      { name: 'default configuration', ...(isNull ? { mostAlarms: 0.05 } : rollout.bars) },
      ...(isNull
        ? [
            { name: 'each request a unit of its own' },
            { name: 'gate a minute, none may fail' },
            { name: 'gate a minute, two may fail' },
          ]
        : []),
    ],
    run: draws => rollOut(draws, rollout, isNull),
  };
}

/** The plan of a pipeline that names no metrics, or the same with other shares. */
function planOf(shares: Rollout['shares']): EvidencePlan {
  if (!shares) return PLAN;
  const errors = { name: 'errors', direction: 'lowerIsBetter', minEffect: 0, required: true } as const;
  const metrics = [errors, ...PLAN.metrics].map(metric => ({
    ...metric,
    weight: shares[metric.name as keyof typeof shares],
  }));
  return { ...PLAN, metrics };
}

function rollOut(draws: Draws, rollout: Rollout, isNull: boolean): Alarms[] {
  const { weights, traffic: options, change, pods } = rollout;
  const plan = planOf(rollout.shares);
  const traffic = simulatedTraffic(draws.uniform, { ...DEFAULT_TRAFFIC, ...options });
  const detectors = [openEvidence(plan), ...(isNull ? [openEvidence(plan)] : [])];
  const alarms = detectors.map(() => NEVER);
  const minute = new Minute();
  const effect = { baseline: 0, candidate: 0 };
  const keep = pods ? Math.exp(-1 / pods.lasting) : 0;
  let before = 0;
  for (const [index, weight] of weights.entries()) {
    for (const detector of detectors) detector.enterStage({ index, weight, atMs: traffic.nowMs });
    const met = new Set<number>();
    for (let i = 1; i <= PER_STAGE && !(alarms[0] !== NEVER && !isNull); i++) {
      const outcome = traffic.next(weight, change);
      if (pods) {
        effect[outcome.arm] = keep * effect[outcome.arm] + pods.sd * Math.sqrt(1 - keep * keep) * draws.normal();
        outcome.latencyMs! *= Math.exp(effect[outcome.arm]);
      }
      if (outcome.arm === 'candidate') met.add(outcome.unitHash!);
      const { unitHash: _unit, ...single } = outcome;
      for (const [d, detector] of detectors.entries())
        if (alarms[d] === NEVER) detector.add(d === 0 ? outcome : single);
      minute.add(outcome, before + met.size);
      if (i % LOOK_EVERY !== 0) continue;
      for (const [d, detector] of detectors.entries()) {
        // An alarm stays: without a delay to measure, the end of the stage is soon enough.
        if (alarms[d] !== NEVER || (isNull && i < PER_STAGE)) continue;
        const verdict = detector.judge({ minSamples: 50, require: 'noHarm', nowMs: traffic.nowMs });
        if (verdict.kind === 'fail') alarms[d] = before + met.size;
      }
    }
    before += met.size;
  }
  return [...alarms, ...(isNull ? minute.gate.at : [])].map(at => [at, Number.NaN]);
}

/** p95 above 1.2 × the baseline's, or more than 2 % errors, over one minute of requests. */
class Minute {
  readonly gate = new Gate();
  #values: { baseline: number[]; candidate: number[] } = { baseline: [], candidate: [] };
  #errors = 0;
  #endsMs = GATE_MS;

  add(
    {
      arm,
      atMs,
      latencyMs,
      error,
    }: { arm: 'baseline' | 'candidate'; atMs: number; latencyMs?: number; error?: boolean },
    units: number,
  ): void {
    if (atMs >= this.#endsMs) this.#close(units);
    this.#values[arm].push(latencyMs ?? 0);
    if (arm === 'candidate' && error) this.#errors++;
  }

  #close(units: number): void {
    const { baseline, candidate } = this.#values;
    if (baseline.length > 0 && candidate.length > 0) {
      const isSlow = p95(Float64Array.from(candidate)) > 1.2 * p95(Float64Array.from(baseline));
      this.gate.interval(isSlow || this.#errors > 0.02 * candidate.length, units);
    }
    this.#values = { baseline: [], candidate: [] };
    this.#errors = 0;
    this.#endsMs += GATE_MS;
  }
}
