/**
 * One reading of a file of samples, line by line, through the detector and, if asked, its shuffles. Memory does not grow
 * with the file: only the head from which an unsaid split is measured is held for a moment.
 */
import type { LiveOutcome } from '../../analysis/live-outcome.ts';
import type { Verdict } from '../../analysis/verdict.ts';
import { linesOf } from '../compare/lines.ts';
import { Problems } from '../compare/problems.ts';
import type { OnRead } from '../reading-progress.ts';
import { type Decision, Detector } from './detector.ts';
import { MEASURED, SampleReader } from './sample.ts';
import type { Point } from './series.ts';
import type { Settings } from './settings.ts';
import { type ShuffleReport, Shuffles } from './shuffle.ts';
import { MEASURED_FROM, measuredWeight, type SplitStep } from './split.ts';

export interface ReplayOptions {
  settings: Settings;
  /** Undefined: measured at the head of the file. */
  split: readonly SplitStep[] | undefined;
  shuffles: number;
  seed: number;
  signal: AbortSignal;
  onRead: OnRead;
}

export interface Replayed {
  file: string;
  /** Of what was read: up to the decision, or with shuffles to the end. */
  samples: { baseline: number; candidate: number };
  fromMs: number;
  toMs: number;
  split: { steps: readonly SplitStep[]; isMeasured: boolean };
  decision: Decision | null;
  verdict: Verdict;
  points: Point[];
  shuffled: ShuffleReport | null;
  /** Fields that mean nothing here. */
  ignored: string[];
  /** Fields with values, which no metric of the plan reads. */
  unread: string[];
}

const HINT = 'Correct what is listed; the guide to `spillway replay` shows the format.';
const ENOUGH_PROBLEMS = 20;

/** @throws SpillwayError FILE_UNREADABLE, CONFIG_INVALID with every problem's line, INTERRUPTED */
export async function replayFile(file: string, options: ReplayOptions): Promise<Replayed> {
  const problems = new Problems();
  const reader = new SampleReader(file, problems);
  const replay = new Replay(options);
  for await (const batch of linesOf(file, { onRead: options.onRead, signal: options.signal })) {
    for (const line of batch) {
      const sample = reader.read(line);
      if (sample) replay.add(sample);
      if (problems.count >= ENOUGH_PROBLEMS || reader.isWhole) problems.throwIfAny(HINT);
      if (replay.isDone) break;
    }
    if (replay.isDone) break;
  }
  problems.throwIfAny(HINT);
  const result = { file, ...replay.finish(), ignored: [...reader.ignored] };
  const { samples } = result;
  const missing = (['baseline', 'candidate'] as const).find(arm => samples[arm] === 0);
  if (missing) {
    const total = samples.baseline + samples.candidate;
    const message = total === 0 ? 'holds no samples' : `holds ${total} samples, none of them of the ${missing}`;
    problems.add({ file, message });
    problems.throwIfAny('A replay needs samples of both arms, mixed in order of time.');
  }
  return result;
}

class Replay {
  readonly #options: ReplayOptions;
  #head: LiveOutcome[] | null = [];
  #steps: readonly SplitStep[] = [];
  #detector: Detector | undefined;
  #shuffles: Shuffles | undefined;
  #met = new Set<string>();
  #fromMs = 0;
  #toMs = 0;
  readonly samples = { baseline: 0, candidate: 0 };

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** Whether more samples could change nothing. */
  get isDone(): boolean {
    return Boolean(this.#detector?.decision) && !this.#shuffles;
  }

  add(sample: LiveOutcome): void {
    if (this.#head) {
      this.#head.push(sample);
      if (this.#options.split !== undefined || this.#head.length === MEASURED_FROM) this.#begin();
      return;
    }
    this.#feed(sample);
  }

  finish(): Omit<Replayed, 'file' | 'ignored'> {
    if (this.#head) this.#begin();
    const { verdict, points } = this.#detector!.finish();
    const read = new Set(this.#options.settings.plan.metrics.map(({ name }) => name));
    return {
      samples: this.samples,
      fromMs: this.#fromMs,
      toMs: this.#toMs,
      split: { steps: this.#steps, isMeasured: this.#options.split === undefined },
      decision: this.#detector!.decision,
      verdict,
      points,
      shuffled: this.#shuffles?.report() ?? null,
      unread: [...this.#met].filter(field => !METRICS_OF[field]!.some(name => read.has(name))),
    };
  }

  #begin(): void {
    const head = this.#head ?? [];
    this.#head = null;
    const { split, settings, shuffles, seed } = this.#options;
    this.#steps = split ?? [{ weight: measuredWeight(head), fromMs: 0 }];
    this.#fromMs = this.#toMs = head[0]?.atMs ?? 0;
    // Samples without units are single requests, which share users, pods and caches.
    const counted = head.some(({ unitHash }) => unitHash !== undefined) ? 'units' : 'requests';
    const plan = { ...settings.plan, counted } as const;
    const shared = { split: this.#steps, startMs: this.#fromMs, plan, minSamples: settings.minSamples };
    this.#detector = new Detector(shared);
    if (shuffles > 0) this.#shuffles = new Shuffles(shuffles, seed, shared);
    for (const sample of head) this.#feed(sample);
  }

  #feed(sample: LiveOutcome): void {
    if (this.isDone) return;
    this.samples[sample.arm]++;
    this.#toMs = Math.max(this.#toMs, sample.atMs);
    for (const field of MEASURED) if (sample[field] !== undefined) this.#met.add(field);
    this.#detector!.add(sample);
    this.#shuffles?.add(sample);
  }
}

/** The names under which a pipeline asks for a field. */
const METRICS_OF: Readonly<Record<string, readonly string[]>> = {
  latencyMs: ['latency'],
  quality: ['quality'],
  costUsd: ['cost', 'costUsd'],
  tokens: ['tokens'],
};
