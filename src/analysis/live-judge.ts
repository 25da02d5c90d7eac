/**
 * The rules of the live verdict, in order: a failed metric outranks everything; then what makes the numbers meaningless
 * (routing, invalid data, silence), then too little of them, then evidence on its way; what is left passes, which says
 * "no harm seen", never "better". Reads the evidence, changes nothing.
 */
import type { Tested } from './alarmed-test.ts';
import type { ErrorLimit } from './error-limit.ts';
import { detectable, metricEvidence, notInsideMargin } from './live-metric-evidence.ts';
import type { TrackedMetric } from './live-plan.ts';
import type { StageCounts } from './metric-tracker.ts';
import { figure, percent } from './phrases.ts';
import type { RoutingGuard } from './routing-guard.ts';
import type { InconclusiveCode, MetricEvidence, Verdict, VerdictBody } from './verdict.ts';

export interface StageEntry {
  index: number;
  /** Integer percent of traffic on the candidate. */
  weight: number;
  /** When the stage began, epoch milliseconds on the clock of the outcomes. */
  atMs: number;
}

export interface JudgeOptions {
  /** Candidate units that this stage must have seen, for every required metric. */
  minSamples: number;
  require: 'noHarm' | 'nonInferior';
  nowMs: number;
  /** When the newest outcome of either arm arrived, or the stage began; by default the newest `atMs` that was added. */
  lastArrivalMs?: number;
  /** Default 30 s. */
  silentAfterMs?: number;
}

/** One metric, however it is measured. */
interface Tracker {
  readonly metric: TrackedMetric;
  readonly evidence: Tested;
  readonly stage: StageCounts;
}

export interface EvidenceState {
  alpha: number;
  stage: StageEntry | null;
  trackers: readonly Tracker[];
  unmeasurable: readonly { name: string; required: boolean }[];
  limit: ErrorLimit;
  routing: RoutingGuard;
  /** What is counted, for people. */
  counted: 'units' | 'requests';
  /** Candidate units or requests in the stage, whatever they report. */
  candidateUnits: number;
  newestAtMs: number;
}

const DEFAULT_SILENT_AFTER_MS = 30_000;
const MOST_INVALID_SHARE = 0.01;

export function judgeEvidence(state: EvidenceState, options: JudgeOptions): Verdict {
  const body = bodyOf(state);
  const failed = failure(state, body);
  if (failed) return failed;
  const stage = state.stage;
  if (!stage) return { ...body, kind: 'inconclusive', code: 'notEnoughData', reason: 'no stage has begun' };
  const isFrozen = stage.weight >= 100;
  const open = isFrozen ? frozenDoubt(state, stage, options) : doubt(state, stage, options);
  if (open) return { ...body, kind: 'inconclusive', ...open };
  const units = `${state.candidateUnits} candidate ${state.counted} in this stage`;
  if (isFrozen)
    return {
      ...body,
      kind: 'pass',
      reason:
        state.limit.max === null
          ? `${units}; at weight 100 there is no baseline to compare with, so the evidence is frozen`
          : `${units}, error rate within ${percent(state.limit.max)}; at weight 100 there is no baseline to compare with, so the other evidence is frozen`,
    };
  const found = options.require === 'nonInferior' ? 'not worse than the margins' : 'no harm seen';
  return { ...body, kind: 'pass', reason: [`${found}, ${units}`, body.detectable].filter(Boolean).join('; ') };
}

function bodyOf(state: EvidenceState): VerdictBody {
  const measured = state.trackers.map(({ evidence }) => metricEvidence(evidence));
  const missing = state.unmeasurable.map(({ name }) => notMeasured(name, state.counted));
  const average = measured.reduce((sum, { weight = 0, e = 0 }) => sum + weight * e, 0);
  const score = Math.log(average) / Math.log(1 / state.alpha);
  const reach = state.trackers.map(({ evidence }) => detectable(evidence, state.alpha)).filter(text => text !== null);
  return {
    reason: '',
    metrics: [...measured, ...missing],
    consensus: { p: Math.min(1, 1 / average), score: Math.min(1, Math.max(0, score)) },
    ...(reach.length > 0 ? { detectable: `this much data would have shown ${reach.join(', ')}` } : {}),
  };
}

function notMeasured(name: string, counted: EvidenceState['counted']): MetricEvidence {
  const there =
    counted === 'units'
      ? 'outcomes carry errors, latency, quality, cost and tokens'
      : 'counters tell errors, histograms latency, cost and tokens';
  return {
    name,
    n: { baseline: 0, candidate: 0 },
    effect: { kind: 'ratio', value: null, interval: [null, null] },
    severity: 'none',
    why: `${name}: not measured on live traffic (${there})`,
  };
}

function failure(state: EvidenceState, body: VerdictBody): Verdict | null {
  const { breach, max } = state.limit;
  if (breach && max !== null) {
    const rate = `${breach.errors} of ${breach.n} candidate answers failed${state.counted === 'units' ? ' (one a unit and minute)' : ''}`;
    const reason = `errors: ${rate}, at least ${percent(breach.low)} where ${percent(max)} is the limit`;
    return { ...body, kind: 'fail', metric: 'errors', trigger: 'errorRate', reason };
  }
  const alarmed = state.trackers.map(({ evidence }) => evidence).filter(({ alarm }) => alarm);
  const first = alarmed.sort((a, b) => a.alarm!.order - b.alarm!.order)[0];
  if (!first) return null;
  const { name } = first.metric;
  const reason = body.metrics.find(metric => metric.name === name)!.why;
  return { ...body, kind: 'fail', metric: name, trigger: 'performance', reason };
}

interface Doubt {
  code: InconclusiveCode;
  reason: string;
}

/** With no concurrent baseline only the flow of data and its amount can be in doubt. */
function frozenDoubt(state: EvidenceState, stage: StageEntry, options: JudgeOptions): Doubt | null {
  const routing = state.routing.problem(stage.weight);
  if (routing) return { code: 'routingMismatch', reason: routing };
  return silence(state, stage, options) ?? tooFewUnits(state, options);
}

function doubt(state: EvidenceState, stage: StageEntry, options: JudgeOptions): Doubt | null {
  const routing = state.routing.problem(stage.weight);
  if (routing) return { code: 'routingMismatch', reason: routing };
  return (
    invalidData(state) ??
    silence(state, stage, options) ??
    tooFewUnits(state, options) ??
    tooFewSamples(state, options) ??
    growing(state) ??
    (options.require === 'nonInferior' ? notShownHarmless(state) : null)
  );
}

function invalidData(state: EvidenceState): Doubt | null {
  for (const { metric, stage } of state.trackers) {
    if (stage.invalid <= MOST_INVALID_SHARE * stage.offered) continue;
    const reason = `${metric.name}: ${stage.invalid} of ${stage.offered} values are not valid (NaN, negative or out of range)`;
    return { code: 'invalidData', reason };
  }
  return null;
}

function silence(state: EvidenceState, stage: StageEntry, options: JudgeOptions): Doubt | null {
  const silentAfterMs = options.silentAfterMs ?? DEFAULT_SILENT_AFTER_MS;
  // A caller that knows when data arrives knows it on a clock that does not jump; the stage's time may lie ahead of `nowMs`.
  const lastMs = options.lastArrivalMs ?? Math.max(stage.atMs, state.newestAtMs);
  const silentMs = options.nowMs - lastMs;
  if (silentMs <= silentAfterMs) return null;
  return {
    code: 'sourceSilent',
    reason: `no ${state.counted === 'units' ? 'outcome' : 'request'} of either arm for ${figure(silentMs / 1000)} s`,
  };
}

function tooFewUnits(state: EvidenceState, { minSamples }: JudgeOptions): Doubt | null {
  if (state.candidateUnits >= minSamples) return null;
  return {
    code: 'notEnoughData',
    reason: `${state.candidateUnits} of ${minSamples} candidate ${state.counted} in this stage`,
  };
}

/** Half of the candidate's values must have met baseline values: a silent baseline compares nothing, and passes nothing. */
function tooFewSamples(state: EvidenceState, { minSamples }: JudgeOptions): Doubt | null {
  const unmeasurable = state.unmeasurable.find(metric => metric.required);
  if (unmeasurable)
    return { code: 'notEnoughData', reason: `${unmeasurable.name} is required and not measured on live traffic` };
  for (const { metric, stage } of state.trackers) {
    if (!metric.required) continue;
    const reason =
      stage.candidates < minSamples
        ? `${metric.name}: ${stage.candidates} of ${minSamples} candidate ${state.counted} in this stage`
        : `${metric.name}: only ${stage.compared} of ${stage.candidates} candidate ${state.counted} could be compared, the baseline has too few`;
    if (stage.candidates < minSamples || stage.compared * 2 < minSamples) return { code: 'notEnoughData', reason };
  }
  return null;
}

function growing(state: EvidenceState): Doubt | null {
  const limit = -Math.log(state.alpha) / 2;
  const suspect = state.trackers.find(({ evidence }) => evidence.logE >= limit);
  if (!suspect) return null;
  const reason = `${metricEvidence(suspect.evidence).why}: too suspicious to go on, not enough to roll back`;
  return { code: 'evidenceGrowing', reason };
}

function notShownHarmless(state: EvidenceState): Doubt | null {
  const required = state.trackers.filter(tracker => tracker.metric.required);
  for (const { metric, evidence } of required) {
    const { n, effect } = evidence;
    if (n.candidate === 0 || effect.blocks > 0) continue;
    const reason = `${metric.name}: no values from which a change could be told (all zero or timed out)`;
    return { code: 'degenerate', reason };
  }
  for (const tracker of required) {
    const reason = notInsideMargin(tracker.evidence);
    if (reason) return { code: 'notEnoughData', reason };
  }
  return null;
}
