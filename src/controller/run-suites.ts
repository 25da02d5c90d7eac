/**
 * Runs the suites of a release on both arms and sums them up for the engine. The candidate must pass; the baseline runs
 * beside it to be compared with, and a case that could not be run on either arm makes the whole run incomplete.
 */
import type { MetricSamples, Samples } from '../analysis/sample.ts';
import type { PromptSpec, ProviderPlan, SuitePlan } from '../config/plan.ts';
import { asSpillwayError, SpillwayError } from '../errors.ts';
import { type Release, type TestSummary, workloadOf } from '../rollout/release.ts';
import type { Arm, SuiteProgress } from '../suite/options.ts';
import type { SuiteOutcome } from '../suite/outcome.ts';
import { makeProvider } from '../suite/provider.ts';
import { reportsOf } from '../suite/report.ts';
import { runSuite } from '../suite/runner.ts';
import { samplesOf } from '../suite/samples.ts';
import { plain } from './audit-draft.ts';
import type { PipelineBundle } from './create.ts';
import type { RunTests, TestRun, World } from './world.ts';

/** Where a suite's provider is reached, and with which key. @throws SpillwayError when a key that it names is not set */
export type EndpointOf = (provider: ProviderPlan) => { baseUrl?: string; apiKey?: string };

interface SuitesWorld extends Pick<World, 'store' | 'clock' | 'log'> {
  endpointOf: EndpointOf;
  random: () => number;
}

export function suiteRunner(world: SuitesWorld): RunTests {
  return async (release, signal, onProgress) => {
    // A workload is tried by its users' requests alone: no case could be put to a template.
    if (workloadOf(release)) return summed([], release);
    const { suites } = await bundleOf(release, world);
    const arms = await armsOf(release, world);
    const outcomes: SuiteOutcome[] = [];
    for (const suite of suites) {
      const watch = { signal, onProgress: (progress: SuiteProgress) => onProgress({ suite: suite.name, ...progress }) };
      const outcome = await runOne(suite, { release, arms }, world, watch);
      await keepReports(outcome, release.id, world);
      outcomes.push(outcome);
      if (signal.aborted) break;
    }
    return summed(outcomes, release);
  };
}

/** For people to look at later; the candidate is not to blame when the store does not take them. */
async function keepReports(outcome: SuiteOutcome, releaseId: string, { store, log }: SuitesWorld): Promise<void> {
  try {
    await store.putTestRun(releaseId, outcome.suite, plain({ reports: reportsOf(outcome) }));
  } catch (error) {
    log.warn({ release: releaseId, code: asSpillwayError(error).code }, 'the reports of a suite are not kept');
  }
}

async function runOne(
  suite: SuitePlan,
  { release, arms }: { release: Release; arms: Arm[] },
  world: SuitesWorld,
  watch: { signal: AbortSignal; onProgress: (progress: SuiteProgress) => void },
): Promise<SuiteOutcome> {
  const { workers, timeoutMs, suiteTimeoutMs, repeat, retries } = release.plan.test;
  const provider = await makeProvider(suite.provider, { ...world.endpointOf(suite.provider), connections: workers });
  try {
    const { clock, random } = world;
    const rules = { workers, timeoutMs, suiteTimeoutMs, repeat, retries };
    return await runSuite({ suite, arms, provider, clock, random, ...rules, ...watch });
  } finally {
    await provider.close();
  }
}

async function bundleOf(release: Release, { store }: SuitesWorld): Promise<PipelineBundle> {
  const pipeline = await store.getPipeline(release.pipeline);
  if (!pipeline) throw new SpillwayError('NOT_FOUND', `The pipeline ${release.pipeline} is not registered any more.`);
  return pipeline.bundle as unknown as PipelineBundle;
}

async function armsOf(release: Release, { store }: SuitesWorld): Promise<Arm[]> {
  const arms: Arm[] = [];
  for (const [name, version] of [
    ['baseline', release.baseline],
    ['candidate', release.version],
  ] as const) {
    if (version === null) continue;
    const row = await store.getVersion(release.artifact, version);
    if (!row) throw new SpillwayError('NOT_FOUND', `Version ${version} of ${release.artifact} is not registered.`);
    arms.push({ name, version, prompt: row.spec as unknown as PromptSpec });
  }
  return arms;
}

function summed(outcomes: SuiteOutcome[], release: Release): TestRun {
  const suites = outcomes.map(outcome => {
    const arm = outcome.arms.find(({ name }) => name === 'candidate')!;
    const { passed, failed, errors, notRun } = arm;
    const planned = arm.cases.length;
    return {
      suite: outcome.suite,
      passed,
      failed,
      errors,
      notRun,
      passRate: planned === 0 ? 0 : passed / planned,
      durationMs: outcome.durationMs,
    };
  });
  const passed = suites.reduce((sum, suite) => sum + suite.passed, 0);
  const planned = suites.reduce((sum, suite) => sum + suite.passed + suite.failed + suite.errors + suite.notRun, 0);
  const incomplete = outcomes.find(outcome => outcome.incomplete);
  const isEnough = planned === 0 || passed / planned >= release.plan.test.passRate;
  const summary: TestSummary = { passed: isEnough, complete: !incomplete, why: '', suites };
  summary.why = why(summary, passed, planned, incomplete, release.plan.test.passRate);
  return { summary, ...mergedSamples(outcomes) };
}

function why(
  summary: TestSummary,
  passed: number,
  planned: number,
  incomplete: SuiteOutcome | undefined,
  passRate: number,
): string {
  if (planned === 0) return 'the pipeline names no suites';
  const count = `${passed} of ${planned} cases passed`;
  if (incomplete) {
    const reason = incomplete.stopped ?? firstError(incomplete);
    return `${count}, but not every case of suite ${incomplete.suite} could be run${reason ? `: ${reason}` : ''}`;
  }
  return summary.passed ? count : `${count}; ${Math.round(passRate * 1000) / 10} % must pass`;
}

function firstError(outcome: SuiteOutcome): string | undefined {
  return outcome.arms.flatMap(arm => arm.cases).find(result => result.error !== undefined)?.error;
}

/** Cases of several suites side by side: their ids take the suite's name along, so that pairs stay pairs. */
function mergedSamples(outcomes: SuiteOutcome[]): { baseline: Samples; candidate: Samples } {
  const merged: { baseline: Samples; candidate: Samples } = { baseline: {}, candidate: {} };
  for (const outcome of outcomes) {
    const samples = samplesOf(outcome);
    for (const arm of ['baseline', 'candidate'] as const)
      for (const [name, metric] of Object.entries(samples[arm]))
        merged[arm][name] = joined(merged[arm][name], metric, outcome.suite);
  }
  return merged;
}

function joined(before: MetricSamples | undefined, metric: MetricSamples, suite: string): MetricSamples {
  const caseIds = (metric.caseIds ?? []).map(id => `${suite}/${id}`);
  return {
    ...metric,
    values: [...(before?.values ?? []), ...metric.values],
    caseIds: [...(before?.caseIds ?? []), ...caseIds],
  };
}
