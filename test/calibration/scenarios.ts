/** All scenarios in the order of the tables. Their places name them between the threads. */
import { CHOICES } from './choices-table.ts';
import { CONSENSUS } from './consensus.ts';
import { CORRELATED } from './correlated.ts';
import { DEFAULT_DELAYS, DEFAULT_NULLS } from './default-table.ts';
import { GATES } from './gates.ts';
import { HISTOGRAMS } from './histograms.ts';
import { RAW_DELAYS, RAW_NULLS } from './raw-table.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...RAW_NULLS,
  ...RAW_DELAYS,
  ...CONSENSUS,
  ...CORRELATED,
  ...GATES,
  ...DEFAULT_NULLS,
  ...DEFAULT_DELAYS,
  ...CHOICES,
  ...HISTOGRAMS,
];
