/**
 * One simulated release, seen by one metric: the detector itself on made-up values, in a single stage that is never left,
 * or through all stages as the policies of a pipeline lead. Stops at the alarm. Random numbers come in as an argument.
 */
import type { StagePlan } from '../config/plan.ts';
import { blockShape } from './block-queue.ts';
import { ErrorLimit } from './error-limit.ts';
import { notInsideMargin } from './live-metric-evidence.ts';
import { type LiveSettings, UNIT_SETTINGS } from './live-settings.ts';
import { MetricTracker } from './metric-tracker.ts';
import type { SimulatedMetric } from './simulated-metric.ts';
import { type Arrivals, msUntil, unitsBy } from './unit-arrivals.ts';

/** What watches: the comparison of one metric and, for errors, the limit on the candidate's own rate. */
export interface Watch {
  simulated: SimulatedMetric;
  alpha: number;
  /** Fraction, or null when not limited. */
  errorRateMax: number | null;
  /** Of errors, where latency is followed too: failures rank slowest there, and it may be the first to find them. */
  latency?: SimulatedMetric;
}

/** Units met until the alarm, of the candidate and of both arms. */
export interface Alarm {
  candidates: number;
  units: number;
}

/** Severity says how bad it is, not when it is found. */
const ALARM_ONLY: LiveSettings = { ...UNIT_SETTINGS, withSeverity: false };

/** A look at the interval costs as much as some units, and decides no sooner. */
const LOOK_EVERY = 16;

/** The alarm in a stage that begins with the release, or null when there is none within `mostUnits` of both arms. */
export function runStage(
  watch: Watch,
  stage: { weight: number; mostUnits: number },
  size: number,
  random: () => number,
): Alarm | null {
  const detector = new Detector(watch, size, random);
  detector.enter(stage.weight);
  for (let units = 1; units <= stage.mostUnits; units++)
    if (detector.next()) return { candidates: detector.candidates, units };
  return null;
}

export interface RolloutRun {
  /** `found`: the alarm; `timedOut`: taken back at a time-out; `waits`: a stage holds and nothing more comes; `through`: everyone has it. */
  end: 'found' | 'timedOut' | 'waits' | 'through';
  /** Index of the stage in which it ended. */
  stage: number;
  /** Whether some stage lasted longer than its time-out. */
  isLate: boolean;
  /** Time in stages until then. */
  ms: number;
  /** Candidate units met, each once a stage. */
  candidates: number;
}

export interface Course {
  /** Those in which there is a baseline to compare with, in order. */
  stages: readonly StagePlan[];
  arrivals: Arrivals;
  /** Whether a time-out takes back by itself. */
  timesOut: boolean;
  /** Units of both arms after which a stage that holds is given up. */
  mostUnits: number;
}

/** A whole rollout: each stage is left at its hold, or as soon after as its verdict passes; other metrics have nothing to say. */
export function runRollout(watch: Watch, course: Course, size: number, random: () => number): RolloutRun {
  const detector = new Detector(watch, size, random);
  const run: RolloutRun = { end: 'through', stage: 0, isLate: false, ms: 0, candidates: 0 };
  for (const [index, stage] of course.stages.entries()) {
    const stay = stayIn(stage, detector, course);
    run.stage = index;
    run.end = stay.end;
    run.ms += stay.ms;
    run.isLate ||= stay.ms > stage.timeoutMs;
    run.candidates += detector.candidates;
    if (stay.end !== 'through') return run;
  }
  return run;
}

function stayIn(stage: StagePlan, detector: Detector, course: Course): Pick<RolloutRun, 'end' | 'ms'> {
  const { arrivals, mostUnits } = course;
  const [holdUnits, timeoutUnits] = [stage.holdMs, stage.timeoutMs].map(ms => Math.floor(unitsBy(arrivals, ms)));
  const given = arrivals.users === null ? mostUnits : Math.min(mostUnits, Math.floor(arrivals.users));
  detector.enter(stage.weight);
  for (let units = 0; units <= Math.max(given, timeoutUnits!); units++) {
    if (units > 0 && detector.next()) return { end: 'found', ms: msUntil(arrivals, units) };
    const atTimeout = units === timeoutUnits;
    const looks = units >= holdUnits! && (units === holdUnits || units % LOOK_EVERY === 0 || atTimeout);
    if (!looks) continue;
    const end = detector.passes(stage) ? 'through' : atTimeout ? policy(stage, detector, course) : 'waits';
    const ms = atTimeout ? stage.timeoutMs : Math.max(stage.holdMs, msUntil(arrivals, units));
    if (end !== 'waits') return { end, ms };
  }
  return { end: 'waits', ms: Number.POSITIVE_INFINITY };
}

function policy(stage: StagePlan, detector: Detector, { timesOut }: Course): RolloutRun['end'] {
  // What is short of units or of certainty is inconclusive; evidence on its way is not.
  const said = !detector.isShort(stage) && detector.isGrowing() ? stage.onTimeout : stage.onInconclusive;
  if (said === 'advance') return 'through';
  return said === 'rollback' && timesOut ? 'timedOut' : 'waits';
}

class Detector {
  readonly #watch: Watch;
  readonly #size: number;
  readonly #random: () => number;
  readonly #tracker: MetricTracker;
  readonly #limit: ErrorLimit | null;
  /** Of latency, beside errors. */
  readonly #beside: MetricTracker | null;
  #share = 0;
  /** Of the stage. */
  candidates = 0;

  constructor(watch: Watch, size: number, random: () => number) {
    const { metric } = watch.simulated;
    this.#watch = watch;
    this.#size = size;
    this.#random = random;
    this.#tracker = new MetricTracker(metric, watch.alpha, ALARM_ONLY);
    const isErrors = metric.source === 'error';
    this.#limit = isErrors ? new ErrorLimit(watch.errorRateMax, watch.alpha) : null;
    this.#beside = isErrors && watch.latency ? new MetricTracker(watch.latency.metric, watch.alpha, ALARM_ONLY) : null;
  }

  enter(weight: number): void {
    this.#share = weight / 100;
    this.candidates = 0;
    this.#tracker.enterStage(blockShape(weight));
    this.#beside?.enterStage(blockShape(weight));
    this.#limit?.enterStage();
  }

  /** One more unit of either arm. @returns whether the candidate is found to be worse */
  next(): boolean {
    const isCandidate = this.#random() < this.#share;
    const value = this.#watch.simulated.draw(isCandidate, this.#size, this.#random);
    if (isCandidate) this.candidates++;
    if (isCandidate && this.#limit) {
      this.#limit.add(value === 1);
      if (this.#limit.breach) return true;
    }
    const arm = isCandidate ? 'candidate' : 'baseline';
    if (this.#beside?.offer(arm, value === 1 ? Number.POSITIVE_INFINITY : this.#latency(isCandidate), 1)) return true;
    return this.#tracker.offer(arm, value, 1);
  }

  #latency(isCandidate: boolean): number {
    return this.#watch.latency!.draw(isCandidate, 0, this.#random);
  }

  isShort({ minSamples }: StagePlan): boolean {
    return this.candidates < minSamples || this.#tracker.stage.compared * 2 < minSamples;
  }

  isGrowing(): boolean {
    const logE = Math.max(this.#tracker.evidence.logE, this.#beside?.evidence.logE ?? 0);
    return logE >= -Math.log(this.#watch.alpha) / 2;
  }

  /** As the verdict of a release does: enough units, and no evidence on its way. */
  passes(stage: StagePlan): boolean {
    if (this.isShort(stage) || this.isGrowing()) return false;
    return stage.require === 'noHarm' || notInsideMargin(this.#tracker.evidence) === null;
  }
}
