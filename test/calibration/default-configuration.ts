/**
 * The detector as a release runs it: shares of alpha, margins, stages, a unit once a stage. Beside it, on the same requests,
 * what else could have been chosen, the same tests without units, and a threshold gate once a minute. Delays are in candidate
 * units met since the change.
 */
import { type LiveEvidence, openEvidence } from '../../src/analysis/live.ts';
import type { LiveOutcome } from '../../src/analysis/live-outcome.ts';
import type { EvidencePlan } from '../../src/analysis/live-plan.ts';
import type { LiveSettings } from '../../src/analysis/live-settings.ts';
import {
  type Change,
  DEFAULT_TRAFFIC,
  simulatedTraffic,
  type TrafficOptions,
} from '../../src/analysis/simulated-traffic.test-support.ts';
import { ArmEffects, type ArmEffectsOptions } from './arm-effects.ts';
import type { Draws } from './draws.ts';
import { Gate, p95 } from './gates.ts';
import type { Alarms, Method, Scenario } from './scenario.ts';

/** The plan of a pipeline that names no metrics. */
export const PLAN: EvidencePlan = {
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

/** One way to look at the requests. */
export interface Watcher {
  name: string;
  plan?: EvidencePlan;
  settings?: LiveSettings;
  /** Every request counts, as if it were another user's. */
  ignoresUnits?: boolean;
  bars?: Partial<Method>;
}

export interface Rollout {
  table?: Scenario['table'];
  name: string;
  runs: { full: number; short: number };
  weights: readonly number[];
  traffic?: Partial<TrafficOptions>;
  /** Absent: nothing has changed. */
  change?: Change;
  /** Index of the stage with which the change begins; 0 by default. */
  from?: number;
  arms?: ArmEffectsOptions;
  watchers: readonly Watcher[];
}

export function rolloutScenario(rollout: Rollout): Scenario {
  const isNull = rollout.change === undefined;
  const { name, runs, watchers } = rollout;
  const withGates = isNull && rollout.table === undefined;
  return {
    table: rollout.table ?? (isNull ? 'default false alarms' : 'default delays'),
    name,
    runs,
    methods: [
      ...watchers.map(watcher => ({ name: watcher.name, ...watcher.bars })),
      ...(withGates ? [{ name: 'gate a minute, none may fail' }, { name: 'gate a minute, two may fail' }] : []),
    ],
    run: draws => rollOut(draws, rollout, withGates),
  };
}

interface Watch {
  evidence: LiveEvidence;
  ignoresUnits: boolean;
  alarmAt: number;
}

function rollOut(draws: Draws, rollout: Rollout, withGates: boolean): Alarms[] {
  const { weights, change, from = 0 } = rollout;
  const traffic = simulatedTraffic(draws.uniform, { ...DEFAULT_TRAFFIC, ...rollout.traffic });
  const arms = new ArmEffects(draws, rollout.arms);
  const watches = rollout.watchers.map(
    ({ plan = PLAN, settings, ignoresUnits = false }): Watch => ({
      evidence: openEvidence(plan, settings),
      ignoresUnits,
      alarmAt: NEVER,
    }),
  );
  const minute = new Minute();
  let before = 0;
  for (const [index, weight] of weights.entries()) {
    for (const { evidence } of watches) evidence.enterStage({ index, weight, atMs: traffic.nowMs });
    if (index === from && change !== undefined) before = 0;
    const met = new Set<number>();
    for (let i = 1; i <= PER_STAGE && watches.some(isOpen); i++) {
      const outcome = traffic.next(weight, index >= from ? change : undefined);
      arms.shape(outcome);
      if (outcome.arm === 'candidate') met.add(outcome.unitHash!);
      for (const watch of watches) tell(watch, outcome);
      if (withGates) minute.add(outcome, before + met.size);
      // An alarm stays: without a delay to measure, the end of the stage is soon enough.
      if (change === undefined ? i === PER_STAGE : i % LOOK_EVERY === 0)
        for (const watch of watches.filter(isOpen)) look(watch, traffic.nowMs, before + met.size);
    }
    before += met.size;
  }
  return [...watches.map(({ alarmAt }) => alarmAt), ...(withGates ? minute.gate.at : [])].map(at => [at, Number.NaN]);
}

function isOpen({ alarmAt }: Watch): boolean {
  return alarmAt === NEVER;
}

function tell({ evidence, ignoresUnits, alarmAt }: Watch, outcome: LiveOutcome): void {
  if (alarmAt !== NEVER) return;
  const { unitHash: _unit, ...single } = outcome;
  evidence.add(ignoresUnits ? single : outcome);
}

function look(watch: Watch, nowMs: number, units: number): void {
  const verdict = watch.evidence.judge({ minSamples: 50, require: 'noHarm', nowMs });
  if (verdict.kind === 'fail') watch.alarmAt = units;
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
