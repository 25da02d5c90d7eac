/**
 * The PromptTestRunner: every planned case of a suite in every arm, on N workers over one queue. Arms run side by side,
 * case by case, so that an endpoint that slows down slows both. Every planned case has a result in the end; only a graded
 * pass is green.
 */
import { SpillwayError } from '../errors.ts';
import { runCase } from './attempts.ts';
import { DELAY_MS_MAX, makeDeadlines } from './deadlines.ts';
import { makeGate } from './gate.ts';
import { makePatternThread } from './graders/pattern-thread.ts';
import type { SuiteOptions } from './options.ts';
import type { SuiteOutcome } from './outcome.ts';
import { makeQueue, type Queue } from './queue.ts';
import type { ArmState, Run } from './run.ts';
import { makeStop } from './stop.ts';

const DEFAULTS = { workers: 8, timeoutMs: 30_000, suiteTimeoutMs: 600_000, repeat: 1, retries: 3 };

/**
 * Resolves when every case has a result, also when the run was stopped: see `incomplete` and `stopped` of the outcome.
 * The provider stays open; closing it is the caller's.
 * @throws SpillwayError CONFIG_INVALID no case, or no prompt to run them with
 */
export async function runSuite(options: SuiteOptions): Promise<SuiteOutcome> {
  const { clock, random, provider, suite } = options;
  const { workers, timeoutMs, suiteTimeoutMs, repeat, retries } = { ...DEFAULTS, ...options };
  const queue = makeQueue({
    cases: suite.cases,
    arms: armsOf(options),
    repeat,
    random,
    onProgress: options.onProgress,
  });
  if (queue.total === 0) throw nothingToRun(options);

  const startMs = clock.monotonicMs();
  const end = new AbortController();
  const stop = makeStop();
  const run: Run = {
    ...{ clock, random, provider, timeoutMs, retries, suiteTimeoutMs, answers: 0 },
    matcher: makePatternThread(),
    deadlines: makeDeadlines(clock, timeoutMs, end.signal),
    gate: makeGate(clock, Math.max(1, workers), stop.signal),
    stop,
    endMs: startMs + suiteTimeoutMs,
  };
  const release = stopOutside(run, options.signal, end.signal);
  try {
    await Promise.all(Array.from({ length: Math.min(Math.max(1, workers), queue.total) }, () => work(run, queue)));
  } catch (error) {
    run.stop.halt('the run failed');
    throw error;
  } finally {
    end.abort();
    release();
    await run.matcher.close();
  }
  const arms = queue.outcomes(run.stop.reason ?? 'unknown');
  const isCut = arms.some(arm => arm.notRun > 0);
  return {
    suite: suite.name,
    incomplete: isCut || arms.some(arm => arm.errors > 0),
    ...(isCut && run.stop.reason !== undefined ? { stopped: run.stop.reason } : {}),
    durationMs: clock.monotonicMs() - startMs,
    arms,
  };
}

async function work(run: Run, queue: Queue): Promise<void> {
  while (run.stop.reason === undefined) {
    const unit = queue.next();
    if (!unit) return;
    queue.record(unit, await runCase(run, unit));
    // A provider that never waits leaves the suite's timer no turn.
    if (run.clock.monotonicMs() >= run.endMs) run.stop.halt(outOfTime(run));
  }
}

/** The ends that come from outside: the suite's time-out and the caller's signal. Returns what lets the signal go. */
function stopOutside(run: Run, signal: AbortSignal | undefined, end: AbortSignal): () => void {
  void run.clock.sleep(Math.min(run.suiteTimeoutMs, DELAY_MS_MAX), end).then(() => {
    if (!end.aborted) run.stop.halt(outOfTime(run));
  });
  const interrupt = () => run.stop.halt('interrupted');
  if (signal?.aborted) interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  return () => signal?.removeEventListener('abort', interrupt);
}

function armsOf({ arms, suite }: SuiteOptions): (ArmState & { version?: string })[] {
  const given = arms ?? suite.prompts.map((prompt, index) => ({ name: `prompt-${index + 1}`, prompt }));
  return given.map(arm => ({ ...arm, answers: 0, hopeless: 0 }));
}

function outOfTime(run: Run): string {
  return `the suite's time of ${run.suiteTimeoutMs} ms was over`;
}

function nothingToRun({ suite }: SuiteOptions): SpillwayError {
  const what = suite.cases.length === 0 ? 'no cases' : 'no prompt';
  return new SpillwayError('CONFIG_INVALID', `Suite "${suite.name}" has ${what}: there is nothing to run`, {
    problems: [
      { file: suite.file, path: suite.cases.length === 0 ? 'cases' : 'prompts', message: 'must not be empty' },
    ],
  });
}
