/**
 * A limit that a user sets on a number of theirs, beside the tests: a saturated queue, a budget. Pure: the number comes in. It asks
 * for no statistics, so it says nothing about chance, and what is no number is unknown: it neither passes nor fails.
 */
import type { Arm } from '../../analysis/live-outcome.ts';
import type { QueryResult } from './answer.ts';

export interface Threshold {
  name: string;
  /** Beyond either the limit is breached; a value that equals it is within. At least one of them. */
  max?: number;
  min?: number;
}

/** Of a query of each arm, or of one for both, which then counts as the candidate's. */
export type ThresholdResults = Readonly<{ candidate: QueryResult } & Partial<Record<Arm, QueryResult>>>;

export type ThresholdVerdict =
  /** `baseline` is the same number of the baseline, where it was asked for and there is one: when it is beyond, too, look elsewhere. */
  | { kind: 'within' | 'breached'; value: number; baseline?: number; reason: string }
  | { kind: 'unknown'; reason: string };

/** @throws RangeError for a limit without `max` and `min`, or with limits that are no numbers or that no value can keep */
export function judgeThreshold(threshold: Threshold, results: ThresholdResults): ThresholdVerdict {
  const { name, max = Number.POSITIVE_INFINITY, min = Number.NEGATIVE_INFINITY } = threshold;
  if ((threshold.max === undefined && threshold.min === undefined) || !(min <= max))
    throw new RangeError(`${name} needs max or min, and min ≤ max; got ${threshold.min} and ${threshold.max}`);
  const value = numberIn(results.candidate);
  if (typeof value === 'string') return { kind: 'unknown', reason: `${name}: ${value}` };
  const baseline = results.baseline && numberIn(results.baseline);
  const compared = typeof baseline === 'number' ? { value, baseline } : { value };
  const beside = typeof baseline === 'number' ? ` (baseline ${baseline})` : '';
  if (value > max) return { kind: 'breached', ...compared, reason: `${name} is ${value}, above ${max}${beside}` };
  if (value < min) return { kind: 'breached', ...compared, reason: `${name} is ${value}, below ${min}${beside}` };
  return { kind: 'within', ...compared, reason: `${name} is ${value}${beside}` };
}

/** The one number of an answer, else why there is none. */
function numberIn(result: QueryResult): number | string {
  if (result.type === 'scalar') return known(result.value);
  const [item, ...others] = result.items;
  if (!item) return 'the query finds nothing';
  if (others.length > 0)
    return `the query finds ${result.items.length} series; aggregate them into one, as with sum() or max()`;
  if (item.value === undefined) return 'the query finds a histogram, not a number; use histogram_quantile()';
  return known(item.value);
}

function known(value: number): number | string {
  return Number.isNaN(value) ? 'the query gives NaN, as a division by no requests does' : value;
}
