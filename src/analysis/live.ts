/**
 * The evidence of one running release: what live outcomes of both arms say, looked at as often as one likes.
 * Deterministic: the same stages and outcomes in the same order give the same bytes, however they were batched, so that
 * any replica can go on from a stored snapshot. Reads no clock; knows nothing of rollouts or what follows a verdict.
 */
import type { MetricPlan } from '../config/plan.ts';
import type { Verdict } from './verdict.ts';

export type Arm = 'baseline' | 'candidate';

export interface EvidencePlan {
  /** The share of unchanged releases that may be called worse, 0 to 1. */
  alpha: number;
  metrics: readonly MetricPlan[];
  /** Fraction, or null when not limited. */
  errorRateMax: number | null;
}

/** One answered request of one arm. The arm is that of the version which answered, never a guess from the weight. */
export interface LiveOutcome {
  arm: Arm;
  /** Well-mixed 32-bit hash of the unit. Absent where a gateway splits single requests: each outcome is its own unit. */
  unitHash?: number;
  /** The unit's arm by the weight of the current stage, where assignment is known. */
  expectedArm?: Arm;
  /** When the outcome was reported, epoch milliseconds; the request began `latencyMs` earlier. */
  atMs: number;
  /** Infinity stands for a time-out. */
  latencyMs?: number;
  /** Absent counts as answered without error. */
  error?: boolean;
  /** 0 to 1. */
  quality?: number;
  costUsd?: number;
  tokens?: number;
}

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
  /** When the newest outcome of either arm arrived; by default the newest `atMs` that was added. */
  lastArrivalMs?: number;
  /** Default 30 s. */
  silentAfterMs?: number;
}

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

export declare function openEvidence(plan: EvidencePlan): LiveEvidence;

/** @throws RangeError when the bytes are of another format version or another plan. */
export declare function decodeEvidence(plan: EvidencePlan, bytes: Uint8Array): LiveEvidence;
