/**
 * What a run of a suite leaves behind: one result a planned case, none missing. A case is passed, failed (the answer was
 * graded and is not good enough), errored (no answer could be had) or not run; only the first is green, and the last two
 * make the run incomplete. Shapes only.
 */
import type { CallFailureKind } from './call.ts';

type CaseStatus = 'passed' | 'failed' | 'error' | 'notRun';

export interface GraderResult {
  /** With `not-` in front for the negated form. */
  type: string;
  pass: boolean;
  /** 0 to 1. */
  score: number;
  reason: string;
  /** 0: measured and shown, never counted. */
  weight: number;
  /** The named metric that this grader feeds. */
  metric?: string;
}

export interface CaseResult {
  /** The case's id in its suite. */
  id: string;
  /** From 1. */
  repeat: number;
  status: CaseStatus;
  /** True only where `status` is `passed`. */
  pass: boolean;
  /** Weighted mean of the graders, 0 to 1; 0 without an answer. */
  score: number;
  /** Of the successful attempt alone; of the last one where none succeeded; 0 when not run. */
  latencyMs: number;
  /** Prompt and answer together, as the endpoint counted them. */
  tokens?: number;
  costUsd?: number;
  /** The model that the endpoint says it used. */
  model?: string;
  output: string;
  /** Why there is no graded answer; never holds a secret. */
  error?: string;
  errorKind?: CallFailureKind | 'template';
  /** Calls made, 0 when not run. */
  attempts: number;
  graders: GraderResult[];
}

export interface ArmOutcome {
  /** `baseline`, `candidate`, or `prompt-<n>` from 1 for the suite's own prompts. */
  name: string;
  version?: string;
  passed: number;
  failed: number;
  errors: number;
  notRun: number;
  /** In the order of the suite's cases, repeats of a case side by side. Length = cases × repeat, always. */
  cases: CaseResult[];
}

export interface SuiteOutcome {
  suite: string;
  /** True where any planned case has no graded answer: such a run is never green (exit 3). */
  incomplete: boolean;
  /** Why the run ended before its last case. */
  stopped?: string;
  durationMs: number;
  arms: ArmOutcome[];
}
