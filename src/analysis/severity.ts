/**
 * How bad a regression is, read from the near end of the interval of its effect and never from the point estimate: little
 * data then says "low" instead of shouting. For people and for sorting; it decides nothing.
 */
import type { Severity } from './verdict.ts';

const LEVELS: readonly Severity[] = ['none', 'low', 'medium', 'high', 'critical'];

const RATIOS = [1.05, 1.1, 1.25, 1.5];
const DROPS = [0.01, 0.02, 0.05, 0.1];
const ODDS_RATIOS = [1.5, 2, 3, 5];
const POINTS = [0.001, 0.005, 0.01, 0.05];

/** @param least the smallest credible worsening as a ratio, 1 is none */
export function severityOfRatio(least: number | null): Severity {
  return level(least, RATIOS);
}

/** @param least the smallest credible loss, in points of 1 */
export function severityOfDrop(least: number | null): Severity {
  return level(least, DROPS);
}

/** A rate must have grown both relatively and absolutely: 3 in a million against 1 is no incident. */
export function severityOfRate(baselineRate: number, least: number | null): Severity {
  if (least === null) return 'none';
  const worse = Math.min(1, baselineRate + least);
  const oddsRatio = worse <= baselineRate ? 1 : (worse * (1 - baselineRate)) / (baselineRate * (1 - worse));
  const byOdds = LEVELS.indexOf(level(oddsRatio, ODDS_RATIOS));
  return LEVELS[Math.min(byOdds, LEVELS.indexOf(level(least, POINTS)))]!;
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
