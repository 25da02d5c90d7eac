/**
 * The live detector on recorded samples: enters the stages by time, looks, and says at which sample it would have taken the
 * candidate back. The tests are those of a release; only the looking is of its own.
 */
import { type LiveEvidence, openEvidence } from '../../analysis/live.ts';
import type { LiveOutcome } from '../../analysis/live-outcome.ts';
import type { EvidencePlan } from '../../analysis/live-plan.ts';
import type { Verdict } from '../../analysis/verdict.ts';
import { type Point, Series } from './series.ts';
import type { SplitStep } from './split.ts';

export interface Decision {
  /** The sample that decided: from 1, of all and of the candidate's. */
  sample: number;
  candidateSamples: number;
  atMs: number;
  verdict: Extract<Verdict, { kind: 'fail' }>;
}

export interface DetectorOptions {
  plan: EvidencePlan;
  split: readonly SplitStep[];
  startMs: number;
  minSamples: number;
}

/** A look costs as much as ten samples. Once the evidence is near the alarm every sample is looked at. */
const LOOK_EVERY = 16;
const NEAR = 1 / 50;

export class Detector {
  readonly #evidence: LiveEvidence;
  readonly #options: DetectorOptions;
  readonly #series = new Series();
  #step = -1;
  #samples = 0;
  #candidateSamples = 0;
  #newestMs: number;
  #isNear = false;
  decision: Decision | null = null;

  constructor(options: DetectorOptions) {
    this.#options = options;
    this.#evidence = openEvidence(options.plan);
    this.#newestMs = options.startMs;
  }

  /** After the decision: nothing, for the candidate would be gone. */
  add(sample: LiveOutcome): void {
    if (this.decision) return;
    this.#step = enterStages(this.#evidence, this.#options, this.#step, sample.atMs);
    this.#evidence.add(sample);
    this.#samples++;
    if (sample.arm === 'candidate') this.#candidateSamples++;
    this.#newestMs = Math.max(this.#newestMs, sample.atMs);
    if (this.#isNear || this.#samples % LOOK_EVERY === 0) this.#look(sample.atMs);
  }

  verdict(): Verdict {
    const { minSamples } = this.#options;
    const nowMs = this.#newestMs;
    return (
      this.decision?.verdict ?? this.#evidence.judge({ minSamples, require: 'noHarm', nowMs, lastArrivalMs: nowMs })
    );
  }

  /** Of the whole file, or of what was seen until the decision. */
  finish(): { verdict: Verdict; points: Point[] } {
    if (!this.decision && this.#samples > 0) this.#look(this.#newestMs);
    return { verdict: this.verdict(), points: this.#series.points() };
  }

  #look(atMs: number): void {
    const verdict = this.verdict();
    const shares = verdict.metrics.map(({ e = 0, weight = 0 }) => e * weight * this.#options.plan.alpha);
    this.#isNear = Math.max(...shares) >= NEAR;
    this.#series.add({ samples: this.#samples, atMs, e: verdict.metrics.map(({ e = 1 }) => e) });
    if (verdict.kind !== 'fail') return;
    this.decision = { sample: this.#samples, candidateSamples: this.#candidateSamples, atMs, verdict };
  }
}

/** Enters every stage that has begun by `atMs`. @returns the stage that holds */
export function enterStages(
  evidence: LiveEvidence,
  { split, startMs }: Pick<DetectorOptions, 'split' | 'startMs'>,
  step: number,
  atMs: number,
): number {
  let index = step;
  for (let next = split[index + 1]; next && (index < 0 || atMs - startMs >= next.fromMs); next = split[index + 1]) {
    index++;
    evidence.enterStage({ index, weight: next.weight, atMs: startMs + next.fromMs });
  }
  return index;
}
