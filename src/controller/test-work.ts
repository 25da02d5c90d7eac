/**
 * The suites of a release, run beside the passes: a pass looks whether they have ended and never waits for them. The
 * outcome is stored before it is used, so that a crash after the tests does not run (and pay for) them again.
 */
import { compareBatch } from '../analysis/batch.ts';
import type { Samples } from '../analysis/sample.ts';
import type { Verdict } from '../analysis/verdict.ts';
import { asSpillwayError } from '../errors.ts';
import type { Release } from '../rollout/release.ts';
import { seededRandom } from '../stats/random.ts';
import type { Store } from '../store/store.ts';
import { plain } from './audit-draft.ts';
import type { TestProgress } from './face.ts';
import type { Run } from './run.ts';
import type { TestRun, World } from './world.ts';

/** The row under which a whole run is kept; `suite` names are file names, so it cannot clash. */
export const WHOLE = '(whole)';

export interface TestWork {
  /** The tests' outcome once they have ended; starts them when they are not running. */
  result(run: Run): Promise<TestRun | undefined>;
  /** Stops what is running and waits until it has stopped. */
  stop(run: Run): Promise<void>;
  /** The process is stopping: what has not begun does not begin. */
  beginNoMore(): void;
}

export function testWork(
  world: World,
  onProgress: (progress: TestProgress) => void,
  onDone: (run: Run) => void,
): TestWork {
  let isStopping = false;

  function begin(run: Run): NonNullable<Run['tests']> {
    const { release } = run;
    const abort = new AbortController();
    const tests: NonNullable<Run['tests']> = { abort, done: Promise.resolve() };
    tests.done = (async () => {
      const outcome = await runWhole(release, abort.signal);
      if (abort.signal.aborted) return;
      tests.result = outcome;
      onDone(run);
    })();
    return tests;
  }

  async function runWhole(release: Release, signal: AbortSignal): Promise<TestRun> {
    try {
      return await world.runTests(release, signal, progress => onProgress({ releaseId: release.id, ...progress }));
    } catch (error) {
      const { message, hint } = asSpillwayError(error);
      const why = `the tests could not be run: ${message.replace(/\.$/, '')}. ${hint}`;
      return { summary: { passed: false, complete: false, why, suites: [] }, baseline: {}, candidate: {} };
    }
  }

  return {
    async result(run) {
      if (!run.tests) {
        const stored = await storedRun(run.release.id, world.store);
        if (stored || isStopping) return stored;
        run.tests = begin(run);
      }
      const { result } = run.tests;
      if (!result) return undefined;
      // Used only once it is stored: the comparison reads the row, and must never find nothing to compare.
      await world.store.putTestRun(run.release.id, WHOLE, plain(result));
      delete run.tests;
      return result;
    },
    async stop(run) {
      run.tests?.abort.abort();
      await run.tests?.done;
      delete run.tests;
    },
    beginNoMore() {
      isStopping = true;
    },
  };
}

async function storedRun(releaseId: string, store: Store): Promise<TestRun | undefined> {
  const rows = await store.getTestRuns(releaseId);
  return rows.find(row => row.suite === WHOLE)?.document as TestRun | undefined;
}

/**
 * Compares the samples of the stored run; undefined while there is none, which is no verdict and never an empty one.
 * Seeded by the version, so that a repeated pass says the same.
 */
export async function comparison(release: Release, store: Store): Promise<Verdict | undefined> {
  const run = await storedRun(release.id, store);
  if (!run) return undefined;
  const seed = Number.parseInt(release.version.slice(7, 15), 16);
  return compareBatch(finite(run.baseline), finite(run.candidate), release.plan.regression, seededRandom(seed));
}

/** JSON has no Infinity: a time-out is stored as the string and read back as the worst rank. */
function finite(samples: Samples): Samples {
  return Object.fromEntries(
    Object.entries(samples).map(([name, metric]) => [
      name,
      { ...metric, values: metric.values.map(value => Number(value)) },
    ]),
  );
}
