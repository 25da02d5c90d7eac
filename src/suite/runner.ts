/** Runs every planned case of a suite in every arm, on N workers over one queue. */
import type { SuiteOptions } from './options.ts';
import type { SuiteOutcome } from './outcome.ts';

export async function runSuite(_options: SuiteOptions): Promise<SuiteOutcome> {
  throw new Error('not built yet');
}
