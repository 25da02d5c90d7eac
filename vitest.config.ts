import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

/**
 * Three projects: `unit` (beside the source, pure or on loopback) is the inner loop, and `npm run check` is to stay below a
 * minute on two cores with it. `slow` (`*.slow.test.ts`, beside the source too) is what starts a PostgreSQL or a Prometheus,
 * kills processes, or holds an error rate over hundreds of simulated releases (`test/calibration/` too). `whole` crosses rooms, starts real processes and
 * takes minutes. They run one after the other, and `whole` one file after another: what it measures (rollback within its
 * bound, processes killed at a moment) must not compete with anything for two cores.
 *
 * `cluster` is there only inside a test cluster (`npm run test:cluster`): outside it has nothing to talk to.
 */
const isInCluster = process.env['SPILLWAY_CLUSTER'] !== undefined;

const SLOW = '{src,sdk}/**/*.slow.test.ts';
const CALIBRATION = 'test/calibration/*.test.ts';

const cluster = {
  test: {
    name: 'cluster',
    include: ['test/cluster/*.test.ts'],
    pool: 'forks' as const,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // Hundreds of waits for a dozen real processes on two cores: one that is late once is printed as `retry x1`, and ends no run.
    retry: process.env['CI'] ? 1 : 0,
    sequence: { groupOrder: 4 },
  },
};

/** Beside the source. One process whose threads keep their modules; all cores, where the runner would leave one idle. */
const besideSource = {
  pool: 'threads' as const,
  isolate: false,
  maxWorkers: availableParallelism(),
  // Longer than `until` waits, so that it can say what never came; and a simulation may have to share its core with many.
  testTimeout: 60_000,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // What the cluster is made of is tested in the small beside its source; only the tests on top need one.
          include: ['src/**/*.test.ts', 'sdk/**/*.test.ts', 'test/cluster/*/**/*.test.ts'],
          exclude: [...configDefaults.exclude, SLOW],
          ...besideSource,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'slow',
          include: [SLOW, CALIBRATION],
          ...besideSource,
          testTimeout: 300_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cluster/**', CALIBRATION],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 3 },
        },
      },
      ...(isInCluster ? [cluster] : []),
    ],
    reporters: ['default', './scripts/closing-line.ts'],
  },
});
