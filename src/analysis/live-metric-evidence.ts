/**
 * One live metric as the verdict shows it: effect with interval, e-value, severity and a sentence. Judges nothing.
 */
import { normalQuantile } from '../stats/special.ts';
import type { Tested } from './alarmed-test.ts';
import type { Effect } from './live-effect.ts';
import type { TrackedMetric } from './live-plan.ts';
import { HARMLESS_ODDS_RATIO } from './metric-test.ts';

import { effectPhrase, figure, percent } from './phrases.ts';
import { atLeastLow, lesser, severityOfDrop, severityOfOdds, severityOfRatio, severityOfRise } from './severity.ts';
import type { MetricEvidence, Severity } from './verdict.ts';

/** After an alarm: what it showed then, for that is what was acted on. */
export function metricEvidence(tested: Tested): MetricEvidence {
  const { metric, alarm } = tested;
  const effect = alarm?.effect ?? tested.effect.effect();
  const n = alarm?.n ?? tested.n;
  const logE = alarm?.logE ?? tested.logE;
  const severity = severityOf(metric, effect, alarm ? alarm.provenMargin : tested.provenMargin);
  const e = Math.min(Math.exp(logE), Number.MAX_VALUE);
  const numbers = `e = ${figure(e)} at weight ${figure(metric.weight)}, n = ${n.baseline} v ${n.candidate}`;
  return {
    name: metric.name,
    n: { ...n },
    effect: { kind: effect.kind, value: effect.value, interval: [effect.low, effect.high] },
    severity: alarm ? atLeastLow(severity) : severity,
    e,
    weight: metric.weight,
    why:
      n.candidate === 0
        ? `${metric.name}: nothing compared yet`
        : `${metric.name}: ${effectPhrase(effect)}${tailPhrase(alarm?.quantile ?? null)}, ${numbers}`,
  };
}

/** Where not everything shifted, the mean change says little. */
function tailPhrase(quantile: number | null): string {
  return quantile === null ? '' : `, seen most in its worst ${percent(1 - quantile)}`;
}

/** Errors must have grown in points too: 3 in a million against 1 is no incident. */
function severityOf({ source }: TrackedMetric, effect: Effect, provenMargin: number | null): Severity {
  if (source === 'error') return lesser(severityOfOdds(provenMargin), severityOfRise(effect.low));
  return source === 'quality' ? severityOfDrop(provenMargin) : severityOfRatio(provenMargin);
}

/** Fewest blocks on which the normal approximation behind "not worse" may stand. */
const FEWEST_BLOCKS = 100;

/** Why the metric is not shown to be inside its margin, or null when it is. */
export function notInsideMargin(tested: Tested): string | null {
  const { metric, effect } = tested;
  const { value, low, high } = effect.effect();
  if (effect.blocks < FEWEST_BLOCKS)
    return `${metric.name}: "not worse" needs ${FEWEST_BLOCKS} comparisons, there are ${effect.blocks}`;
  if (value === null || low === null || high === null) return `${metric.name}: the size of the change cannot be told`;
  const [worst, margin] = worstAndMargin(metric, low, high, effect.baselineMean);
  if (worst < margin) return null;
  const [shown, allowed] = isRatio(metric) ? [figure(worst), figure(margin)] : [points(worst), points(margin)];
  return `${metric.name}: the change may still be as bad as ${shown}, "not worse" asks for less than ${allowed}`;
}

/** Errors: an odds ratio of 1.5, and never finer than one point, which few canaries could show. */
function worstAndMargin(
  metric: TrackedMetric,
  low: number,
  high: number,
  rate: number,
): [worst: number, margin: number] {
  if (metric.source === 'error') return [high, Math.max(0.01, riseAtOddsRatio(rate, HARMLESS_ODDS_RATIO))];
  if (metric.source === 'quality') return [metric.worse === 'lower' ? -low : high, metric.margin];
  return [metric.worse === 'higher' ? high : Math.min(1 / low, Number.MAX_VALUE), 1 + metric.margin];
}

function riseAtOddsRatio(rate: number, oddsRatio: number): number {
  return (oddsRatio * rate) / (1 - rate + oddsRatio * rate) - rate;
}

const PRICE_OF_LOOKING = 2;

/**
 * The smallest regression that would by now have raised the alarm in 19 of 20 releases: the fixed-sample size formula
 * n = (z + z′)²·σ²/δ², with twice the samples as the price of looking all the time (measured: 1.2 to 2.5 times, over metrics, weights
 * and sizes of the change). For display; `spillway plan` simulates.
 */
export function detectable(tested: Tested, alpha: number): string | null {
  const { metric, effect } = tested;
  const n = effect.blocks;
  if (n < 20) return null;
  const reach = (normalQuantile(alpha * metric.weight) + 1.645) * Math.sqrt(PRICE_OF_LOOKING / n);
  if (metric.source === 'error') {
    const p = Math.max(effect.baselineMean, 0.5 / tested.n.baseline);
    const [a, b] = [tested.n.baseline / n, tested.n.candidate / n];
    const floor = p + riseAtOddsRatio(p, HARMLESS_ODDS_RATIO);
    let q = floor;
    for (let i = 0; i < 20; i++) q = Math.min(1, floor + reach * Math.sqrt((p * (1 - p)) / a + (q * (1 - q)) / b));
    return `${metric.name} ${percent(p)} → ${percent(q)}`;
  }
  if (effect.spread === null) return null;
  const delta = reach * effect.spread;
  if (metric.source === 'quality')
    return `${metric.name} ${metric.worse === 'lower' ? '-' : '+'}${points(Math.min(1, metric.margin + delta))}`;
  const ratio = (1 + metric.margin) * Math.exp(delta);
  return metric.worse === 'higher'
    ? `${metric.name} +${percent(ratio - 1)}`
    : `${metric.name} -${percent(1 - 1 / ratio)}`;
}

function isRatio(metric: TrackedMetric): boolean {
  return metric.source !== 'error' && metric.source !== 'quality';
}

function points(fraction: number): string {
  return `${figure(100 * fraction)} points`;
}
