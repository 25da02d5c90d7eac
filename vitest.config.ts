import { defineConfig } from 'vitest/config';

/**
 * Two projects: `unit` (beside the source, pure or on loopback, seconds) is the inner loop; `whole` crosses rooms,
 * starts real processes and takes minutes. Files that kill processes run one after another: two cores.
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
        },
      },
    ],
    reporters: ['default', './scripts/closing-line.ts'],
  },
});
