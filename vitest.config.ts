import { defineConfig } from 'vitest/config';

/**
 * Two projects: `unit` (beside the source, pure or on loopback, seconds) is the inner loop; `whole` crosses rooms,
 * starts real processes and takes minutes. It runs when the unit tests are done, one file after another: what it measures
 * (rollback within its bound, processes killed at a moment) must not compete with them for two cores.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'sdk/**/*.test.ts'],
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
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    reporters: ['default', './scripts/closing-line.ts'],
  },
});
