/**
 * What a source of counters and histograms says of one interval, both arms over the same time: differences between two scrapes.
 * Single requests are not known, and need not be: counts and buckets carry their real numbers into the tests.
 */
import type { BinnedSample } from '../stats/battery.ts';
import type { Arm } from './live-outcome.ts';

export interface LiveInterval {
  /** Its end, epoch milliseconds. */
  atMs: number;
  requests: Readonly<Record<Arm, RequestCount>>;
  /** By metric (`latency`, `cost`, `tokens`); in common buckets, or native ones that can be merged. */
  histograms?: Readonly<Record<string, Readonly<Record<Arm, BinnedSample>>>>;
}

/** Whole numbers, errors among the requests. An arm may be silent. */
export interface RequestCount {
  count: number;
  errors: number;
}
