/**
 * Brings two arms together: which metrics are compared, which way is worse, what margin holds, and one unit for both.
 * Decides nothing about the data.
 */
import type { MetricSamples, Samples } from '../../analysis/sample.ts';
import type { Direction, MetricPlan, RegressionPlan } from '../../config/plan.ts';
import { SpillwayError } from '../../errors.ts';
import type { Arm, Series } from './arm.ts';
import type { Wishes } from './flags.ts';
import { checkBuckets, histogramTimes } from './match-buckets.ts';
import { DEFAULT_MIN_EFFECT, knownMetric } from './metric-names.ts';
import type { Problems } from './problems.ts';
import { conversion } from './units.ts';

export interface Matched {
  baseline: Samples;
  candidate: Samples;
  plan: RegressionPlan;
  /** Metrics that one of the files holds no samples of: why. */
  unsampled: ReadonlyMap<string, string>;
  notes: string[];
}

/** @throws SpillwayError USAGE when nothing is left to compare; problems of units and directions are added */
export function matchArms(baseline: Arm, candidate: Arm, wishes: Wishes, problems: Problems): Matched {
  const arms = [baseline, candidate] as const;
  const unsampled = new Map(arms.flatMap(({ unsampled: found }) => [...found]));
  const names = metricNames(arms, wishes);
  const notes = [...new Set([...arms.flatMap(arm => [...arm.notes, ...repeatNote(arm)]), ...pairingNote(arms)])];
  const samples: [Samples, Samples] = [{}, {}];
  const metrics: MetricPlan[] = [];
  for (const name of names) {
    const direction = directionOf(name, arms, wishes, problems);
    if (direction === undefined) continue;
    const unit = unitOf(name, arms, wishes);
    metrics.push({
      name,
      ...(unit === undefined ? {} : { unit }),
      direction,
      minEffect:
        wishes.minEffects.get(name) ?? wishes.minEffects.get('') ?? knownMetric(name)?.minEffect ?? DEFAULT_MIN_EFFECT,
      required: true,
    });
    for (const [i, arm] of arms.entries()) {
      const series = arm.metrics.get(name);
      if (series) samples[i]![name] = inUnit({ name, unit, direction }, series, { arm, wishes, problems, notes });
    }
    checkBuckets(
      name,
      arms,
      samples.map(of => of[name]),
      notes,
    );
  }
  if (metrics.length === 0 && problems.count === 0) throw nothingToCompare(arms, wishes);
  const plan: RegressionPlan = { alpha: wishes.alpha, onInconclusive: 'proceed', metrics };
  return { baseline: samples[0], candidate: samples[1], plan, unsampled, notes };
}

/** Why arms with cases are compared as independent samples all the same. */
function pairingNote([x, y]: readonly Arm[]): string[] {
  const [a, b] = [casesOf(x!), casesOf(y!)];
  if (a.size === 0 && b.size === 0) return [];
  const how = 'compared as independent samples';
  if (a.size === 0) return [`${y!.file} names cases and ${x!.file} does not: ${how}`];
  if (b.size === 0) return [`${x!.file} names cases and ${y!.file} does not: ${how}`];
  return [...a].some(id => b.has(id)) ? [] : [`${x!.file} and ${y!.file} have no case in common: ${how}`];
}

/** Meant where a case ran several times, a mistake where ids were mixed up: it has to be seen. */
function repeatNote({ file, metrics }: Arm): string[] {
  const repeated = [...metrics.values()].map(({ caseIds = [] }) => caseIds.length - new Set(caseIds).size);
  const most = Math.max(0, ...repeated);
  return most > 0
    ? [`${file}: ${most} more values than cases: each case counts once, with the mean of its values`]
    : [];
}

function casesOf({ metrics }: Arm): Set<string> {
  return new Set([...metrics.values()].flatMap(({ caseIds = [] }) => caseIds));
}

/** In the order of the baseline. A metric of one arm only stays: that it cannot be compared has to be seen. */
function metricNames(arms: readonly Arm[], { only }: Wishes): string[] {
  const found = [...new Set(arms.flatMap(({ metrics, unsampled }) => [...metrics.keys(), ...unsampled.keys()]))];
  if (only.length > 0) {
    const missing = only.find(name => !found.includes(name));
    if (missing !== undefined)
      throw new SpillwayError(
        'USAGE',
        `Neither file has a metric ${missing}; there are ${found.join(', ') || 'none'}.`,
      );
    return [...only];
  }
  const hasErrors = arms.some(({ metrics: found }) => {
    const errors = found.get('errors');
    return errors?.histogram !== undefined || errors?.values.some(value => value !== 0);
  });
  return hasErrors ? found : found.filter(name => name !== 'errors');
}

function directionOf(
  name: string,
  arms: readonly Arm[],
  { directions }: Wishes,
  problems: Problems,
): Direction | undefined {
  const asked = directions.get(name);
  if (asked) return asked;
  const said = arms.flatMap(arm => arm.metrics.get(name)?.direction ?? []);
  const direction = said[0] ?? knownMetric(name)?.direction ?? (isScore(name, arms) ? 'higherIsBetter' : undefined);
  if (said.length === 2 && said[0] !== said[1])
    problems.add({ path: name, file: arms[1]!.file, message: `is ${said[1]} here and ${said[0]} in ${arms[0]!.file}` });
  if (direction === undefined)
    problems.add({
      path: name,
      file: arms.find(arm => arm.metrics.has(name))?.file ?? arms[0]!.file,
      message: `which way is worse? Say --direction ${name}=lowerIsBetter or ${name}=higherIsBetter`,
    });
  return direction;
}

/** Graders name metrics of their own: scores of cases, 0 to 1. */
function isScore(name: string, arms: readonly Arm[]): boolean {
  const series = arms.flatMap(arm => arm.metrics.get(name) ?? []);
  return series.every(({ caseIds, values }) => caseIds && values.every(value => value >= 0 && value <= 1));
}

function unitOf(name: string, arms: readonly Arm[], { units }: Wishes): string | undefined {
  const said = arms.map(arm => arm.metrics.get(name)?.unit).find(unit => unit !== undefined);
  return said ?? units.get(name);
}

function inUnit(
  { name, unit, direction }: { name: string; unit: string | undefined; direction: Direction },
  series: Series,
  { arm, wishes, problems, notes }: { arm: Arm; wishes: Wishes; problems: Problems; notes: string[] },
): MetricSamples {
  const own = series.unit ?? wishes.units.get(name);
  const factor = conversion(own ?? unit, unit);
  if (factor === undefined)
    problems.add({
      path: name,
      file: arm.file,
      message: `is in ${own}, and the baseline in ${unit}: bring both to one unit`,
    });
  if (own === undefined && unit !== undefined) notes.push(`${arm.file}: ${name} has no unit, taken as ${unit}`);
  if (own !== unit && own !== undefined && factor !== undefined)
    notes.push(`${arm.file}: ${name} turned from ${own} into ${unit}`);
  const values = factor === undefined || factor === 1 ? series.values : series.values.map(value => value * factor);
  return {
    direction,
    values,
    ...(series.histogram ? { histogram: histogramTimes(series.histogram.sample, factor ?? 1) } : {}),
    ...(unit === undefined ? {} : { unit }),
    ...(series.caseIds ? { caseIds: series.caseIds } : {}),
  };
}

function nothingToCompare(arms: readonly Arm[], { columns }: Wishes): SpillwayError {
  const files = arms.map(({ file }) => file).join(' and ');
  return new SpillwayError('USAGE', `There is no metric to compare in ${files}.`, {
    hint:
      columns.size > 0
        ? 'Check the names and positions of --column.'
        : 'Name the columns: --column latency=duration, --direction for a metric of your own.',
  });
}
