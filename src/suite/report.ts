/**
 * The document `spillway.test/v1`, one an arm: what `test --json` prints and what a release keeps of its tests. Every
 * planned case is in it, also those that were not run, so that a reader can count them.
 */
import type { ArmOutcome, CaseResult, SuiteOutcome } from './outcome.ts';

interface TestReportCase {
  id: string;
  repeat: number;
  pass: boolean;
  score: number;
  latencyMs: number;
  tokens?: number;
  costUsd?: number;
  output: string;
  error?: string;
  attempts: number;
  graders: { type: string; pass: boolean; score: number; reason: string }[];
}

export interface TestReport {
  schema: 'spillway.test/v1';
  suite: string;
  version?: string;
  passed: number;
  failed: number;
  errors: number;
  notRun: number;
  /** passed ÷ planned, 0 to 1: what was not run counts against it. 0 for an empty run. */
  passRate: number;
  durationMs: number;
  cases: TestReportCase[];
}

export function reportsOf(outcome: SuiteOutcome): TestReport[] {
  return outcome.arms.map(arm => reportOf(outcome, arm));
}

export function reportOf(outcome: SuiteOutcome, arm: ArmOutcome): TestReport {
  return {
    schema: 'spillway.test/v1',
    suite: outcome.suite,
    ...(arm.version === undefined ? {} : { version: arm.version }),
    passed: arm.passed,
    failed: arm.failed,
    errors: arm.errors,
    notRun: arm.notRun,
    passRate: arm.cases.length === 0 ? 0 : arm.passed / arm.cases.length,
    durationMs: round(outcome.durationMs),
    cases: arm.cases.map(caseOf),
  };
}

function caseOf(result: CaseResult): TestReportCase {
  return {
    id: result.id,
    repeat: result.repeat,
    pass: result.pass,
    score: result.score,
    latencyMs: round(result.latencyMs),
    ...(result.tokens === undefined ? {} : { tokens: result.tokens }),
    ...(result.costUsd === undefined ? {} : { costUsd: result.costUsd }),
    output: result.output,
    ...(result.error === undefined ? {} : { error: result.error }),
    attempts: result.attempts,
    graders: result.graders.map(({ type, pass, score, reason }) => ({ type, pass, score, reason })),
  };
}

/** Microseconds are the last digit that means anything. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
