/**
 * Where live evidence comes from when apps report nothing themselves: something that counts and is asked now and then. It gives
 * differences of counters, or says why there are none; whether a silence matters is for the analysis to say.
 */
import type { LiveInterval } from '../analysis/live-interval.ts';
import type { FailureCode } from '../errors.ts';

/** What of an interval is missing: the metric, and why. */
export interface Gap {
  metric: string;
  reason: string;
}

export type Polled =
  /** `position` gives where the source stands after this interval: one that is opened there goes on counting from it. */
  | { interval: LiveInterval; gaps: readonly Gap[]; position(): Uint8Array }
  /** Nothing can be said of the time since the last interval; `sinceMs` on the caller's clock, `code` where it is a failure. */
  | { silent: string; sinceMs: number; code?: FailureCode };

export interface MetricSource {
  /** Never throws. Calls at the same time are one and get the same answer. */
  poll(nowMs: number): Promise<Polled>;
  /** How far apart in time what it counts is written down, such as a scrape interval; undefined until that was seen. */
  apartMs(): number | undefined;
  close(): Promise<void>;
}
