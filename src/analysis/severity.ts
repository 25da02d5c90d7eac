/**
 * How bad a regression is at least: from the largest margin that is shown to be exceeded, or the near end of an interval, never
 * from the point estimate, so that little data says "low" instead of shouting. For people and for sorting; it decides nothing.
 */
import type { Severity } from './verdict.ts';

const LEVELS: readonly Severity[] = ['none', 'low', 'medium', 'high', 'critical'];

export const RATIOS = [1.05, 1.1, 1.25, 1.5];
export const DROPS = [0.01, 0.02, 0.05, 0.1];
export const ODDS_RATIOS = [1.5, 2, 3, 5];
const POINTS = [0.001, 0.005, 0.01, 0.05];

/** @param least the smallest credible worsening as a ratio, 1 is none */
export function severityOfRatio(least: number | null): Severity {
  return level(least, RATIOS);
}

/** @param least the smallest credible loss, in points of 1 */
export function severityOfDrop(least: number | null): Severity {
  return level(least, DROPS);
}

/** @param least the smallest credible odds ratio */
export function severityOfOdds(least: number | null): Severity {
  return level(least, ODDS_RATIOS);
}

/** @param least the smallest credible rise of a rate, in points of 1 */
export function severityOfRise(least: number | null): Severity {
  return level(least, POINTS);
}

export function lesser(a: Severity, b: Severity): Severity {
  return LEVELS[Math.min(LEVELS.indexOf(a), LEVELS.indexOf(b))]!;
}

/** A metric that failed has shown more than its margin, whatever the interval for display says. */
export function atLeastLow(severity: Severity): Severity {
  return severity === 'none' ? 'low' : severity;
}

export function isWorse(a: Severity, b: Severity): boolean {
  return LEVELS.indexOf(a) > LEVELS.indexOf(b);
}

function level(value: number | null, floors: readonly number[]): Severity {
  if (value === null || Number.isNaN(value)) return 'none';
  return LEVELS[floors.filter(floor => value >= floor).length]!;
}
