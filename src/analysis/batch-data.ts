/**
 * Readies two sets of samples for the comparison: counts what is not valid instead of dropping it in silence, says whether
 * a metric is a ratio or a difference, and joins cases that ran on both arms. Decides nothing.
 */
import type { MetricPlan } from '../config/plan.ts';
import type { MetricSamples, Samples } from './sample.ts';

/** `ratio`: candidate / baseline matters (latency, tokens, cost). `difference`: points matter (scores and pass or fail, 0 to 1). */
export type Scale = 'ratio' | 'difference';

export interface CleanSamples {
  baseline: number[];
  candidate: number[];
  scale: Scale;
  /** Values that cannot be true, of both arms, and all values. */
  invalid: number;
  offered: number;
  /** One value a case and arm, cases in the baseline's order; null when the arms share no cases. */
  pairs: { baseline: number[]; candidate: number[]; unmatched: number } | null;
}

const RATIO_NAMES = ['latency', 'tokens', 'cost', 'costUsd'];
const SCORE_NAMES = ['quality', 'pass', 'errors'];

/** The samples of one arm; `cost` and `costUsd` are one metric. */
export function samplesNamed(samples: Samples, name: string): MetricSamples | undefined {
  const names = name === 'cost' ? ['cost', 'costUsd'] : name === 'costUsd' ? ['costUsd', 'cost'] : [name];
  const found = names.find(candidate => Object.hasOwn(samples, candidate));
  return found === undefined ? undefined : samples[found];
}

export function cleanSamples(metric: MetricPlan, baseline: MetricSamples, candidate: MetricSamples): CleanSamples {
  const scale = scaleOf(metric, [baseline, candidate]);
  const isValid = isValidOn(scale);
  const [x, y] = [baseline.values.filter(isValid), candidate.values.filter(isValid)];
  const offered = baseline.values.length + candidate.values.length;
  const invalid = offered - x.length - y.length;
  return { baseline: x, candidate: y, scale, invalid, offered, pairs: pairsOf(baseline, candidate, isValid) };
}

/** Whether a value of this scale can be true. */
export function isValidOn(scale: Scale): (value: number) => boolean {
  return value => value >= 0 && (scale === 'ratio' || value <= 1);
}

/** By name, else by what values can be: shares of 1 that may be 0, or are better when higher, have no useful ratio. */
export function scaleOf(metric: MetricPlan, arms: readonly MetricSamples[]): Scale {
  if (RATIO_NAMES.includes(metric.name)) return 'ratio';
  if (SCORE_NAMES.includes(metric.name)) return 'difference';
  const values = arms
    .flatMap(arm => (arm.histogram ? [...arm.histogram.bounds] : arm.values))
    .filter(value => !Number.isNaN(value));
  const isShare = values.every(value => value >= 0 && value <= 1);
  if (!isShare || metric.unit !== undefined || arms.some(arm => arm.unit !== undefined)) return 'ratio';
  return metric.direction === 'higherIsBetter' || values.includes(0) ? 'difference' : 'ratio';
}

function pairsOf(
  baseline: MetricSamples,
  candidate: MetricSamples,
  isValid: (value: number) => boolean,
): CleanSamples['pairs'] {
  const [x, y] = [caseMeans(baseline, isValid), caseMeans(candidate, isValid)];
  if (!x || !y) return null;
  const shared = [...x.keys()].filter(id => y.has(id));
  if (shared.length === 0) return null;
  return {
    baseline: shared.map(id => x.get(id)!),
    candidate: shared.map(id => y.get(id)!),
    unmatched: x.size + y.size - 2 * shared.length,
  };
}

/** Repeats of a case are not independent: their mean counts once. */
function caseMeans(arm: MetricSamples, isValid: (value: number) => boolean): Map<string, number> | null {
  if (!arm.caseIds) return null;
  if (arm.caseIds.length !== arm.values.length)
    throw new RangeError(`${arm.caseIds.length} caseIds for ${arm.values.length} values: as many are needed`);
  const groups = new Map<string, number[]>();
  for (const [i, id] of arm.caseIds.entries()) {
    const value = arm.values[i]!;
    if (!isValid(value)) continue;
    const group = groups.get(id);
    if (group) group.push(value);
    else groups.set(id, [value]);
  }
  return new Map([...groups].map(([id, values]) => [id, values.reduce((sum, v) => sum + v, 0) / values.length]));
}
