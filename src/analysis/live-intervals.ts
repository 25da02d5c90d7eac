/**
 * The evidence of one running release whose source knows counters and histograms only, such as Prometheus: the same verdict from
 * real counts, interval by interval. Every request counts, tempered. Who got which arm is not known here: that the split is right
 * has to be seen at the data plane.
 */
import { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { blockShape } from './block-queue.ts';
import { ErrorLimit } from './error-limit.ts';
import { type IntervalTracker, intervalTracker } from './interval-tracker.ts';
import { planFingerprint, readStage, writeStage } from './live-bytes.ts';
import type { LiveInterval } from './live-interval.ts';
import { type JudgeOptions, judgeEvidence, type StageEntry } from './live-judge.ts';
import { type EvidencePlan, liveMetrics } from './live-plan.ts';
import { REQUEST_SETTINGS } from './live-settings.ts';
import { RoutingGuard } from './routing-guard.ts';
import type { Verdict } from './verdict.ts';

export interface IntervalEvidence {
  /** Begins a stage; the same index and weight again change nothing. @returns whether another one was left for it */
  enterStage(stage: StageEntry): boolean;
  /** In order of time, each once. Before the first stage: ignored. */
  add(interval: LiveInterval): void;
  /** Changes nothing. */
  judge(options: JudgeOptions): Verdict;
  /** A snapshot: goes on exactly where this one stands. */
  encode(): Uint8Array;
}

const TAG = 0x84;

export function openIntervalEvidence(plan: EvidencePlan): IntervalEvidence {
  return new Intervals(plan);
}

/** @throws RangeError when the bytes are damaged, of another format version or of another plan */
export function decodeIntervalEvidence(plan: EvidencePlan, bytes: Uint8Array): IntervalEvidence {
  const evidence = new Intervals(plan);
  evidence.restore(bytes);
  return evidence;
}

class Intervals implements IntervalEvidence {
  readonly #plan: EvidencePlan;
  readonly #trackers: readonly IntervalTracker[];
  readonly #unmeasurable: ReturnType<typeof liveMetrics>['unmeasurable'];
  readonly #limit: ErrorLimit;
  #stage: StageEntry | null = null;
  #alarms = 0;
  #candidateRequests = 0;
  #newestAtMs = 0;

  constructor(plan: EvidencePlan) {
    if (!(plan.alpha > 0 && plan.alpha < 1)) throw new RangeError(`alpha must lie in (0, 1), got ${plan.alpha}`);
    this.#plan = { ...plan, counted: 'intervals' };
    const { tracked, unmeasurable } = liveMetrics(this.#plan);
    this.#trackers = tracked.map(metric => intervalTracker(metric, plan.alpha, REQUEST_SETTINGS));
    this.#unmeasurable = unmeasurable;
    this.#limit = new ErrorLimit(plan.errorRateMax, plan.alpha);
  }

  enterStage(stage: StageEntry): boolean {
    const left = this.#stage;
    if (left && left.index === stage.index && left.weight === stage.weight) return false;
    this.#stage = { index: stage.index, weight: stage.weight, atMs: stage.atMs };
    this.#candidateRequests = 0;
    this.#limit.enterStage();
    for (const tracker of this.#trackers) tracker.enterStage(blockShape(stage.weight) !== null);
    return left !== null;
  }

  add(interval: LiveInterval): void {
    const { requests, atMs } = interval;
    if (!this.#stage) return;
    const { count, errors } = requests.candidate;
    if (requests.baseline.count + count > 0 && atMs > this.#newestAtMs) this.#newestAtMs = atMs;
    this.#candidateRequests += count;
    this.#limit.addCounts(count, errors);
    // At weight 100 nothing serves the baseline at the same time: what still trickles in compares nothing.
    if (blockShape(this.#stage.weight) === null) return;
    for (const tracker of this.#trackers) if (tracker.offer(interval, this.#alarms + 1)) this.#alarms++;
  }

  judge(options: JudgeOptions): Verdict {
    const state = {
      alpha: this.#plan.alpha,
      stage: this.#stage,
      trackers: this.#trackers,
      unmeasurable: this.#unmeasurable,
      limit: this.#limit,
      routing: new RoutingGuard(),
      counted: 'requests' as const,
      candidateUnits: this.#candidateRequests,
      newestAtMs: this.#newestAtMs,
    };
    return judgeEvidence(state, options);
  }

  encode(): Uint8Array {
    const writer = new StateWriter(TAG);
    writer.count(planFingerprint(this.#plan));
    writeStage(writer, this.#stage);
    writer.count(this.#alarms).count(this.#candidateRequests).double(this.#newestAtMs);
    this.#limit.write(writer);
    for (const tracker of this.#trackers) tracker.write(writer);
    return writer.bytes();
  }

  restore(bytes: Uint8Array): void {
    const reader = new StateReader(bytes, TAG);
    if (reader.count() !== planFingerprint(this.#plan)) throw new RangeError('evidence bytes belong to another plan');
    this.#stage = readStage(reader);
    this.#alarms = reader.count();
    this.#candidateRequests = reader.count();
    this.#newestAtMs = reader.double();
    this.#limit.read(reader);
    for (const tracker of this.#trackers) tracker.read(reader);
    reader.end();
  }
}
