/**
 * How traffic was split while the samples were taken: weights with the time from which each held, said by the user, or one
 * that is measured at the head of the file. Which arm a sample belongs to is never decided here.
 */
import type { LiveOutcome } from '../../analysis/live-outcome.ts';
import { durationMs } from '../../config/duration.ts';
import { SpillwayError } from '../../errors.ts';

export interface SplitStep {
  /** Integer percent on the candidate. */
  weight: number;
  /** From the first sample on. */
  fromMs: number;
}

/** Samples at the head of the file from which an unsaid split is measured. */
export const MEASURED_FROM = 2000;

/** @param given `10`, `10%`, `50@30m`; undefined when none is given. @throws SpillwayError USAGE */
export function splitOf(given: readonly string[] | undefined): SplitStep[] | undefined {
  if (given === undefined || given.length === 0) return undefined;
  const steps = given.map(stepOf);
  for (const [i, { fromMs }] of steps.entries()) {
    if (i === 0 && fromMs !== 0) throw wrong(given[0]!, 'without a time first: --weight 10 --weight 50@30m');
    if (i > 0 && fromMs <= steps[i - 1]!.fromMs) throw wrong(given[i]!, 'with a later time than the one before it');
  }
  return steps;
}

function stepOf(text: string): SplitStep {
  const [, weight = '', from] = /^(\d{1,3})%?(?:@(.+))?$/.exec(text) ?? [];
  const allowed = 'a whole percentage from 1 to 100, with the time from which it held: 10, or 50@30m';
  if (!(Number(weight) >= 1 && Number(weight) <= 100)) throw wrong(text, allowed);
  try {
    return { weight: Number(weight), fromMs: from === undefined ? 0 : durationMs(from) };
  } catch {
    throw wrong(text, allowed);
  }
}

/** The candidate's share of units (samples without one: each its own), a whole percent from 1 to 99. */
export function measuredWeight(samples: readonly LiveOutcome[]): number {
  const seen = new Set<number>();
  const count = { baseline: 0, candidate: 0 };
  for (const { arm, unitHash } of samples) {
    if (unitHash !== undefined && seen.has(unitHash)) continue;
    if (unitHash !== undefined) seen.add(unitHash);
    count[arm]++;
  }
  const share = count.candidate / Math.max(1, count.candidate + count.baseline);
  return Math.min(99, Math.max(1, Math.round(100 * share)));
}

function wrong(found: string, allowed: string): SpillwayError {
  return new SpillwayError('USAGE', `--weight must be ${allowed}; found ${JSON.stringify(found)}.`);
}
