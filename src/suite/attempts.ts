/**
 * One case in one arm: render, call until there is an answer or no hope of one, grade. Every way out is a result; nothing
 * is thrown for what an endpoint, a template or an answer does.
 */

import { CallFailure, type Completion, type RenderedPrompt } from './call.ts';
import { gradeCase } from './graders/grade.ts';
import type { CaseResult } from './outcome.ts';
import { backoffMs, concernsAll, isHopeless, makeBudget } from './retry.ts';
import type { Run, Unit } from './run.ts';
import { expandVars, renderPrompt, type Vars } from './template.ts';

/** Cases of an arm that may fail hopelessly, without a single answer, before the rest is not tried. */
const HOPELESS_MAX = 3;

type Attempt = { latencyMs: number } & (
  | { completion: Completion; failure?: never }
  | { completion?: never; failure: CallFailure }
);

export async function runCase(run: Run, unit: Unit): Promise<CaseResult> {
  let vars: Vars;
  let prompt: RenderedPrompt;
  try {
    vars = expandVars(unit.plan.vars);
    prompt = renderPrompt(unit.arm.prompt, vars);
  } catch (error) {
    return { ...blank(unit, 'error'), error: (error as Error).message, errorKind: 'template' };
  }
  let attempts = 0;
  const budget = makeBudget(run.retries);
  let last: CallFailure | undefined;
  for (;;) {
    const entry = run.gate.enter();
    const mayStart = typeof entry === 'boolean' ? entry : await entry;
    if (!mayStart) return notRun(run, unit, attempts, last);
    attempts += 1;
    const attempt = await call(run, prompt);
    if (attempt.completion) {
      run.answers += 1;
      unit.arm.answers += 1;
      return graded(run, unit, vars, { ...attempt, attempts });
    }
    last = attempt.failure;
    if (last.kind === 'aborted') return notRun(run, unit, attempts, undefined);
    const failures = budget.take(last, run.answers);
    if (failures === undefined) return failed(run, unit, attempt, attempts);
    await waitAfter(run, last, failures);
  }
}

async function call(run: Run, prompt: RenderedPrompt): Promise<Attempt> {
  const controller = new AbortController();
  run.stop.inFlight.add(controller);
  const startMs = run.clock.monotonicMs();
  const deadline = run.deadlines.watch(controller, startMs);
  let isRefused = false;
  try {
    const completion = await run.provider.call(prompt, controller.signal);
    return { completion, latencyMs: run.clock.monotonicMs() - startMs };
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    const failure = deadline.expired
      ? new CallFailure('timeout', `no answer within ${run.timeoutMs} ms`, { retryable: false })
      : error;
    isRefused = failure.status === 429;
    return { failure, latencyMs: run.clock.monotonicMs() - startMs };
  } finally {
    run.deadlines.release(deadline);
    run.stop.inFlight.delete(controller);
    run.gate.leave(startMs, isRefused);
  }
}

/** Waits out the back-off; what the endpoint asks for comes first, and ends the run where there is no time for it. */
async function waitAfter(run: Run, failure: CallFailure, failures: number): Promise<void> {
  const askedMs = failure.retryAfterMs ?? 0;
  const leftMs = run.endMs - run.clock.monotonicMs();
  if (askedMs > leftMs) {
    run.stop.drain(
      `the endpoint asks for ${Math.ceil(askedMs / 1000)} s of pause, the suite has ${Math.max(0, Math.floor(leftMs / 1000))} s left`,
    );
    return;
  }
  const spreadMs = backoffMs(failures, run.random);
  if (concernsAll(failure)) run.gate.holdFor(askedMs > 0 ? askedMs : spreadMs);
  // Told how long, a spread of as much again is enough: it need not be guessed by doubling.
  await run.clock.sleep(askedMs > 0 ? askedMs + Math.min(spreadMs, askedMs) : spreadMs, run.stop.signal);
}

async function graded(
  run: Run,
  unit: Unit,
  vars: Vars,
  got: { completion: Completion; latencyMs: number; attempts: number },
): Promise<CaseResult> {
  const { output, tokens, costUsd, model } = got.completion;
  const grading = gradeCase(unit.plan, output, vars, run.matcher);
  const { pass, score, graders } = grading instanceof Promise ? await grading : grading;
  return {
    id: unit.plan.id,
    repeat: unit.repeat,
    status: pass ? 'passed' : 'failed',
    pass,
    score,
    latencyMs: got.latencyMs,
    ...(tokens === undefined ? {} : { tokens }),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(model === undefined ? {} : { model }),
    output,
    attempts: got.attempts,
    graders,
  };
}

function failed(
  run: Run,
  unit: Unit,
  attempt: { failure: CallFailure; latencyMs: number },
  attempts: number,
): CaseResult {
  const { failure, latencyMs } = attempt;
  if (isHopeless(failure) && unit.arm.answers === 0) {
    unit.arm.hopeless += 1;
    if (unit.arm.hopeless >= HOPELESS_MAX) {
      run.stop.halt(`${unit.arm.name}: no case was answered, ${HOPELESS_MAX} failed alike (${failure.message})`);
    }
  }
  return { ...blank(unit, 'error'), latencyMs, attempts, error: failure.message, errorKind: failure.kind };
}

function notRun(run: Run, unit: Unit, attempts: number, last: CallFailure | undefined): CaseResult {
  const error = `not run: ${run.stop.reason}${last ? `; last failure: ${last.message}` : ''}`;
  return { ...blank(unit, 'notRun'), attempts, error };
}

/** A result without an answer. */
export function blank(unit: Pick<Unit, 'plan' | 'repeat'>, status: 'error' | 'notRun'): CaseResult {
  return {
    id: unit.plan.id,
    repeat: unit.repeat,
    status,
    pass: false,
    score: 0,
    latencyMs: 0,
    output: '',
    attempts: 0,
    graders: [],
  };
}
