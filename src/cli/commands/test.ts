/**
 * test: runs suites on their own, without a release and without a comparison. A pipeline's suites run on its prompt; a
 * promptfoo config runs its own prompts; a native suite needs --prompt. Green only when every planned case ran and passed.
 */
import { existsSync } from 'node:fs';
import { systemClock } from '../../clock.ts';
import { readEnvironment } from '../../config/environment.ts';
import { loadDocument, loadPipelineBundle, promptOf } from '../../config/load.ts';
import type { SuitePlan, TestPlan } from '../../config/plan.ts';
import { SpillwayError } from '../../errors.ts';
import type { Arm } from '../../suite/options.ts';
import type { ArmOutcome, SuiteOutcome } from '../../suite/outcome.ts';
import { makeProvider } from '../../suite/provider.ts';
import { reportsOf, type TestReport } from '../../suite/report.ts';
import { runSuite } from '../../suite/runner.ts';
import type { CommandContext } from '../context.ts';
import { endpointFrom } from '../endpoint.ts';
import { duration } from '../release-view.ts';

export interface TestOptions {
  prompt?: string;
  workers?: number;
  repeat?: number;
}

/** One suite to run, with the prompts it runs on and the rules that hold for it. */
interface Job {
  suite: SuitePlan;
  arms?: Arm[];
  rules: Pick<TestPlan, 'workers' | 'timeoutMs' | 'suiteTimeoutMs' | 'passRate' | 'repeat' | 'retries'>;
}

const RULES: Job['rules'] = {
  workers: 8,
  timeoutMs: 30_000,
  suiteTimeoutMs: 600_000,
  passRate: 1,
  repeat: 1,
  retries: 3,
};
const FALLBACKS = ['pipeline.yaml', 'promptfooconfig.yaml'];

export async function test(files: string[], options: TestOptions, context: CommandContext): Promise<number> {
  const jobs = (files.length > 0 ? files : [defaultFile()]).flatMap(file => jobsOf(file, options));
  const reports: TestReport[] = [];
  let exit = 0;
  for (const job of jobs) {
    const outcome = await run(job, options, context);
    reports.push(...reportsOf(outcome));
    exit = Math.max(exit, show(outcome, job, context));
  }
  context.out.printJson(reports.length === 1 ? reports[0] : { schema: 'spillway.tests/v1', reports });
  return exit;
}

function defaultFile(): string {
  const found = FALLBACKS.find(file => existsSync(file));
  if (found) return found;
  throw new SpillwayError('USAGE', `There is no ${FALLBACKS.join(' and no ')} here.`, {
    hint: 'Name a file, or begin with `spillway init`.',
  });
}

function jobsOf(file: string, options: TestOptions): Job[] {
  const loaded = loadDocument(file);
  switch (loaded.kind) {
    case 'Pipeline': {
      const bundle = loadPipelineBundle(file);
      const { plan, suites } = bundle;
      const prompt = promptOf(bundle);
      const arms = [{ name: prompt.name, version: prompt.version, prompt: prompt.spec }];
      return suites.map(suite => ({ suite, arms, rules: plan.test }));
    }
    case 'promptfoo':
    case 'Suite':
      return [{ suite: loaded.suite, rules: RULES, ...promptArms(loaded.suite, file, options) }];
    case 'Prompt':
      throw new SpillwayError('USAGE', `${file} is a Prompt: it has no cases.`, {
        hint: `Name a suite: spillway test suite.yaml --prompt ${file}`,
      });
  }
}

function promptArms(suite: SuitePlan, file: string, { prompt }: TestOptions): { arms?: Arm[] } {
  if (prompt === undefined) {
    if (suite.prompts.length > 0) return {};
    throw new SpillwayError('USAGE', `${file} names no prompt of its own.`, {
      hint: `Name one: spillway test ${file} --prompt prompts/my-bot.yaml`,
    });
  }
  const loaded = loadDocument(prompt);
  if (loaded.kind !== 'Prompt') throw new SpillwayError('USAGE', `${prompt} is a ${loaded.kind}, not a Prompt.`);
  return { arms: [{ name: loaded.prompt.name, version: loaded.prompt.version, prompt: loaded.prompt.spec }] };
}

async function run(
  { suite, arms, rules }: Job,
  options: TestOptions,
  { out, signal }: CommandContext,
): Promise<SuiteOutcome> {
  const workers = options.workers ?? rules.workers;
  const provider = await makeProvider(suite.provider, {
    ...endpointFrom(readEnvironment())(suite.provider),
    connections: workers,
  });
  const startedAt = performance.now();
  let drawnAt = Number.NEGATIVE_INFINITY;
  try {
    return await runSuite({
      suite,
      ...(arms ? { arms } : {}),
      provider,
      clock: systemClock,
      random: Math.random,
      ...rules,
      workers,
      repeat: options.repeat ?? rules.repeat,
      signal,
      onProgress({ done, total, failed, errors }) {
        const now = performance.now();
        if (now - drawnAt < 100 && done < total) return;
        drawnAt = now;
        const cells = Math.round((done / total) * 30);
        const bad = failed + errors > 0 ? out.paint.red(`  ${failed} failed, ${errors} not answered`) : '';
        out.draw([
          `${suite.name}  ${out.paint.cyan('█'.repeat(cells))}${out.paint.dim('░'.repeat(30 - cells))} ${done} of ${total}  ${duration(now - startedAt)}${bad}`,
        ]);
      },
    });
  } finally {
    out.settle();
    await provider.close();
  }
}

/** Prints what a person needs and says how the suite went: 0 good, 1 the answers are not good enough, 3 not all could be run. */
function show(outcome: SuiteOutcome, job: Job, { out }: CommandContext): number {
  for (const arm of outcome.arms) {
    const name = outcome.arms.length > 1 ? `${outcome.suite} · ${arm.name}` : outcome.suite;
    for (const result of arm.cases.filter(({ status }) => status === 'failed' || status === 'error').slice(0, 20)) {
      const reasons = result.error
        ? [result.error]
        : [
            ...result.graders.filter(({ pass }) => !pass).map(({ type, reason }) => `${type}: ${reason}`),
            out.paint.dim(`answer: ${excerpt(result.output)}`),
          ];
      out.print(`${out.paint.red('✗')} ${name} › ${result.id}\n    ${reasons.join('\n    ')}`);
    }
    out.print(summary(name, arm, outcome));
  }
  if (outcome.stopped) out.note(`${out.paint.yellow('stopped')} ${outcome.stopped}`);
  if (outcome.incomplete) return 3;
  return outcome.arms.every(arm => arm.cases.length === 0 || arm.passed / arm.cases.length >= job.rules.passRate)
    ? 0
    : 1;

  function summary(name: string, arm: ArmOutcome, { durationMs }: SuiteOutcome): string {
    const { passed, failed, errors, notRun } = arm;
    const parts = [
      out.paint.green(`${passed} passed`),
      `${failed} failed`,
      `${errors} not answered`,
      ...(notRun > 0 ? [`${notRun} not run`] : []),
    ];
    return `${out.paint.bold(name)}  ${parts.join(', ')} of ${arm.cases.length} in ${(durationMs / 1000).toFixed(1)} s`;
  }
}

/** The beginning of an answer on one line, without control characters: a model must not write to the terminal. */
function excerpt(output: string): string {
  const line = output.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}
