import { defineConfig } from 'vitest/config';

/**
 * Two projects: `unit` (beside the source, pure or on loopback, seconds) is the inner loop; `whole` crosses rooms,
 * starts real processes and takes minutes. It runs when the unit tests are done, one file after another: what it measures
 * (rollback within its bound, processes killed at a moment) must not compete with them for two cores.
 *
 * `cluster` is there only inside a test cluster (`npm run test:cluster`): outside it has nothing to talk to.
 */
const isInCluster = process.env['SPILLWAY_CLUSTER'] !== undefined;

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
    sequence: { groupOrder: 3 },
  },
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // What the cluster is made of is tested in the small beside its source; only the tests on top need one.
          include: ['src/**/*.test.ts', 'sdk/**/*.test.ts', 'test/cluster/*/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
          testTimeout: 20_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cluster/**'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      ...(isInCluster ? [cluster] : []),
    ],
    reporters: ['default', './scripts/closing-line.ts'],
  },
});
