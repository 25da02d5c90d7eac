/**
 * Graded cases as samples of the two arms for the comparison. One value a case: repeats of a case are not independent,
 * so their mean counts once. A time-out is an infinite latency, the worst rank; any other case without an answer has
 * nothing to compare and is left out here (the run is incomplete and says so).
 */

import type { MetricSamples, Samples } from '../analysis/sample.ts';
import type { Direction } from '../config/plan.ts';
import type { ArmOutcome, CaseResult, SuiteOutcome } from './outcome.ts';

interface Reading {
  name: string;
  unit?: string;
  direction: Direction;
  read: (result: CaseResult) => number | undefined;
}

const READINGS: readonly Reading[] = [
  { name: 'latency', unit: 'ms', direction: 'lowerIsBetter', read: latencyOf },
  { name: 'quality', direction: 'higherIsBetter', read: result => (isGraded(result) ? result.score : undefined) },
  { name: 'pass', direction: 'higherIsBetter', read: result => (isGraded(result) ? Number(result.pass) : undefined) },
  { name: 'tokens', unit: 'tokens', direction: 'lowerIsBetter', read: result => result.tokens },
  { name: 'costUsd', unit: 'USD', direction: 'lowerIsBetter', read: result => result.costUsd },
];

/**
 * Samples by arm: `latency` (ms), `quality` (0 to 1), `pass` (0 or 1), `tokens`, `costUsd` and the graders' named metrics
 * (0 to 1), each with `caseIds`, and only where there is a value. An arm that did not take part has no samples.
 */
export function samplesOf(outcome: SuiteOutcome): { baseline: Samples; candidate: Samples } {
  const arm = (name: string) => outcome.arms.find(found => found.name === name);
  return { baseline: armSamples(arm('baseline')), candidate: armSamples(arm('candidate')) };
}

function armSamples(arm: ArmOutcome | undefined): Samples {
  const samples: Samples = {};
  if (!arm) return samples;
  for (const reading of [...READINGS, ...namedMetrics(arm)]) {
    const found = sampleOf(arm.cases, reading);
    if (found.values.length > 0) samples[reading.name] = found;
  }
  return samples;
}

function sampleOf(cases: readonly CaseResult[], reading: Reading): MetricSamples {
  const values: number[] = [];
  const caseIds: string[] = [];
  let count = 0;
  for (const result of cases) {
    const value = reading.read(result);
    if (value === undefined) continue;
    const last = values.length - 1;
    if (caseIds[last] === result.id) {
      count += 1;
      values[last] = meanWith(values[last]!, value, count);
    } else {
      values.push(value);
      caseIds.push(result.id);
      count = 1;
    }
  }
  const { unit, direction } = reading;
  return { ...(unit === undefined ? {} : { unit }), direction, values, caseIds };
}

/** Running mean; written so that Infinity stays Infinity and never turns into NaN. */
function meanWith(mean: number, value: number, count: number): number {
  if (mean === Infinity || value === Infinity) return Infinity;
  return mean + (value - mean) / count;
}

function isGraded(result: CaseResult): boolean {
  return result.status === 'passed' || result.status === 'failed';
}

function latencyOf(result: CaseResult): number | undefined {
  if (isGraded(result)) return result.latencyMs;
  return result.errorKind === 'timeout' ? Infinity : undefined;
}

/** The metrics that graders name themselves; a name of ours is not overwritten. */
function namedMetrics(arm: ArmOutcome): Reading[] {
  const names = new Set<string>();
  for (const result of arm.cases) for (const grader of result.graders) if (grader.metric) names.add(grader.metric);
  for (const reading of READINGS) names.delete(reading.name);
  return [...names].map(name => ({
    name,
    direction: 'higherIsBetter',
    read: result => metricScore(result, name),
  }));
}

/** Weighted mean; a metric that is only watched (all weights 0) is the plain mean of its graders. */
function metricScore(result: CaseResult, name: string): number | undefined {
  const graders = result.graders.filter(grader => grader.metric === name);
  if (graders.length === 0) return undefined;
  const isWatched = graders.every(grader => grader.weight === 0);
  let total = 0;
  let weights = 0;
  for (const grader of graders) {
    const weight = isWatched ? 1 : grader.weight;
    total += grader.score * weight;
    weights += weight;
  }
  return total / weights;
}
