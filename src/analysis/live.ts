/**
 * The evidence of one running release: what live outcomes of both arms say, looked at as often as one likes.
 * Deterministic: the same stages and outcomes in the same order give the same bytes, however they were batched, so that
 * any replica can go on from a stored snapshot. Reads no clock; knows nothing of rollouts or what follows a verdict.
 */
import { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { blockShape } from './block-queue.ts';
import { ErrorLimit } from './error-limit.ts';
import { planFingerprint, readStage, writeStage } from './live-bytes.ts';
import { type JudgeOptions, judgeEvidence, type StageEntry } from './live-judge.ts';
import type { LiveOutcome } from './live-outcome.ts';
import { type EvidencePlan, type LiveMetrics, liveMetrics, MOST_TRACKED, readValue } from './live-plan.ts';
import { type LiveSettings, REQUEST_SETTINGS, UNIT_SETTINGS } from './live-settings.ts';
import { MetricTracker } from './metric-tracker.ts';
import { GRACE_MS, RoutingGuard } from './routing-guard.ts';
import { UnitSet } from './unit-set.ts';
import type { Verdict } from './verdict.ts';

export interface LiveEvidence {
  /** Begins a stage; the same index and weight again change nothing, so that a restart may call it freely. */
  enterStage(stage: StageEntry): void;
  /** In arrival order. Before the first stage: ignored. */
  add(outcome: LiveOutcome): void;
  /** Changes nothing. */
  judge(options: JudgeOptions): Verdict;
  /** A snapshot: goes on exactly where this one stands. */
  encode(): Uint8Array;
}

/** A snapshot of another layout must be refused: this is the version. */
const TAG = 0x85;
const EXPOSED = 1 << MOST_TRACKED;
const LIMIT_ROUND_MS = 60_000;

/** @param settings other than the default ones only to measure what they would do */
export function openEvidence(plan: EvidencePlan, settings: LiveSettings = settingsOf(plan)): LiveEvidence {
  return new ReleaseEvidence(plan, settings);
}

/** @throws RangeError when the bytes are damaged, of another format version or of another plan */
export function decodeEvidence(plan: EvidencePlan, bytes: Uint8Array): LiveEvidence {
  const evidence = new ReleaseEvidence(plan, settingsOf(plan));
  evidence.restore(bytes);
  return evidence;
}

function settingsOf({ counted = 'units' }: EvidencePlan): LiveSettings {
  if (counted === 'intervals') throw new RangeError('evidence of intervals is opened by openIntervalEvidence');
  return counted === 'units' ? UNIT_SETTINGS : REQUEST_SETTINGS;
}

class ReleaseEvidence implements LiveEvidence {
  readonly #plan: EvidencePlan;
  readonly #trackers: readonly MetricTracker[];
  readonly #unmeasurable: LiveMetrics['unmeasurable'];
  readonly #limit: ErrorLimit;
  readonly #routing = new RoutingGuard();
  #units = new UnitSet();
  #stage: StageEntry | null = null;
  #alarms = 0;
  #candidateUnits = 0;
  #newestAtMs = 0;

  constructor(plan: EvidencePlan, settings: LiveSettings) {
    if (!(plan.alpha > 0 && plan.alpha < 1)) throw new RangeError(`alpha must lie in (0, 1), got ${plan.alpha}`);
    const { tracked, unmeasurable } = liveMetrics(plan);
    this.#plan = plan;
    this.#trackers = tracked.map(metric => new MetricTracker(metric, plan.alpha, settings));
    this.#unmeasurable = unmeasurable;
    this.#limit = new ErrorLimit(plan.errorRateMax, plan.alpha);
  }

  enterStage(stage: StageEntry): void {
    if (this.#stage && this.#stage.index === stage.index && this.#stage.weight === stage.weight) return;
    this.#stage = { index: stage.index, weight: stage.weight, atMs: stage.atMs };
    this.#candidateUnits = 0;
    this.#units = new UnitSet();
    this.#routing.reset();
    this.#limit.enterStage();
    const shape = blockShape(stage.weight);
    for (const tracker of this.#trackers) tracker.enterStage(shape);
  }

  add(outcome: LiveOutcome): void {
    const stage = this.#stage;
    if (!stage) return;
    if (outcome.atMs > this.#newestAtMs) this.#newestAtMs = outcome.atMs;
    const settled = outcome.atMs - durationMs(outcome) >= stage.atMs + GRACE_MS;
    if (!this.#routing.admits(outcome, settled)) return;
    if (settled && this.#isFirst(outcome, EXPOSED)) this.#routing.addUnit(outcome.arm);
    if (outcome.arm === 'candidate' && this.#isFirstOfRound(outcome, stage)) this.#limit.add(outcome.error === true);
    for (const [i, tracker] of this.#trackers.entries()) this.#offer(tracker, outcome, 1 << i);
  }

  judge(options: JudgeOptions): Verdict {
    const state = {
      alpha: this.#plan.alpha,
      stage: this.#stage,
      trackers: this.#trackers,
      unmeasurable: this.#unmeasurable,
      limit: this.#limit,
      routing: this.#routing,
      counted: 'units' as const,
      candidateUnits: this.#candidateUnits,
      newestAtMs: this.#newestAtMs,
    };
    return judgeEvidence(state, options);
  }

  encode(): Uint8Array {
    const writer = new StateWriter(TAG);
    writer.count(planFingerprint(this.#plan));
    writeStage(writer, this.#stage);
    writer.count(this.#alarms).count(this.#candidateUnits).double(this.#newestAtMs);
    this.#routing.write(writer);
    this.#limit.write(writer);
    for (const tracker of this.#trackers) tracker.write(writer);
    this.#units.write(writer);
    return writer.bytes();
  }

  restore(bytes: Uint8Array): void {
    const reader = new StateReader(bytes, TAG);
    if (reader.count() !== planFingerprint(this.#plan)) throw new RangeError('evidence bytes belong to another plan');
    this.#stage = readStage(reader);
    this.#alarms = reader.count();
    this.#candidateUnits = reader.count();
    this.#newestAtMs = reader.double();
    this.#routing.read(reader);
    this.#limit.read(reader);
    const shape = this.#stage ? blockShape(this.#stage.weight) : null;
    for (const tracker of this.#trackers) tracker.read(reader, shape);
    this.#units = UnitSet.read(reader);
    reader.end();
  }

  /** The unit's first value of each metric in the stage, no other. */
  #offer(tracker: MetricTracker, outcome: LiveOutcome, mark: number): void {
    const value = readValue(outcome, tracker.metric.source);
    if (value === undefined) return;
    // A value that is not valid uses nothing up: the unit's next one may still enter.
    if (Number.isNaN(value) ? this.#isKnown(outcome, mark) : !this.#isFirst(outcome, mark)) return;
    if (tracker.metric.source === 'error' && outcome.arm === 'candidate') this.#candidateUnits++;
    if (tracker.offer(outcome.arm, value, this.#alarms + 1)) this.#alarms++;
  }

  #isFirst(outcome: LiveOutcome, mark: number): boolean {
    return outcome.unitHash === undefined || this.#units.add(outcome.unitHash, mark);
  }

  /** Once a minute by the unit's own times: users who come back to a broken version are heard again. */
  #isFirstOfRound({ unitHash, atMs }: LiveOutcome, stage: StageEntry): boolean {
    if (unitHash === undefined) return true;
    const minute = Math.floor((atMs - stage.atMs) / LIMIT_ROUND_MS) + 1;
    return this.#units.addOncePer(Math.min(Math.max(minute || 1, 1), 65_535), unitHash);
  }

  #isKnown(outcome: LiveOutcome, mark: number): boolean {
    return outcome.unitHash !== undefined && this.#units.has(outcome.unitHash, mark);
  }
}

/** How long the request was on its way, as far as it is known. */
function durationMs({ latencyMs }: LiveOutcome): number {
  return latencyMs !== undefined && latencyMs > 0 && latencyMs < Number.POSITIVE_INFINITY ? latencyMs : 0;
}
