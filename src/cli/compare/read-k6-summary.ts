/**
 * The summary of k6: of `--summary-export`, of `handleSummary`, and the machine-readable one that is to replace both. Its
 * rates are counts of yes and no, which are samples. Its trends are averages and percentiles, which are not: no test can
 * be made of them, and none is pretended.
 */
import { type Arm, emptyArm } from './arm.ts';
import { MOST_KEPT } from './collector.ts';
import { isObject, type JsonDocument, type JsonObject } from './json-document.ts';
import { knownMetric } from './metric-names.ts';

interface SummaryMetric {
  name: string;
  kind: 'rate' | 'trend';
  numbers: JsonObject;
}

/** What k6 may say of a trend (`--summary-trend-stats`), percentiles aside. */
const TREND_STATISTICS = ['avg', 'min', 'med', 'max', 'count'];

export function isK6Summary(value: JsonObject): boolean {
  return metricsOf(value).length > 0;
}

export function readK6Summary(document: JsonDocument, named: ReadonlySet<string>): Arm {
  const arm = emptyArm(document.file);
  for (const { name, kind, numbers } of metricsOf(document.value as JsonObject)) {
    if (!knownMetric(name) && !named.has(name)) continue;
    if (kind === 'rate') readRate(arm, name, numbers);
    else readTrend(arm, name, numbers);
  }
  return arm;
}

function metricsOf(value: JsonObject): SummaryMetric[] {
  const named = isObject(value.metrics) ? Object.entries(value.metrics) : machineReadable(value);
  return named.flatMap(([name, metric]) => {
    if (!isObject(metric)) return [];
    const numbers = isObject(metric.values) ? metric.values : metric;
    const kind = kindOf(numbers);
    return kind ? [{ name, kind, numbers }] : [];
  });
}

/** `{ results: { metrics: [], checks: { metrics: [] } } }`; the share of good checks is `checks` in every other output. */
function machineReadable({ results }: JsonObject): [name: string, metric: unknown][] {
  if (!isObject(results) || !Array.isArray(results.metrics)) return [];
  const checks = isObject(results.checks) && Array.isArray(results.checks.metrics) ? results.checks.metrics : [];
  return [...results.metrics, ...checks].flatMap(metric => {
    if (!isObject(metric) || typeof metric.name !== 'string') return [];
    return [[metric.name === 'checks_succeeded' ? 'checks' : metric.name, metric]];
  });
}

function readRate(arm: Arm, name: string, { passes, fails, matches, total }: JsonObject): void {
  const yes = Number(passes ?? matches);
  const all = passes === undefined ? Number(total) : yes + Number(fails);
  if (!(all > 0)) return void arm.unsampled.set(name, 'was never measured');
  const kept = Math.min(all, MOST_KEPT);
  if (kept < all) arm.notes.push(`${arm.file}: ${name}: ${all} values stand as ${kept}`);
  const ones = Math.round((yes / all) * kept);
  arm.metrics.set(name, { values: Array.from({ length: kept }, (_, i) => (i < ones ? 1 : 0)) });
}

function readTrend(arm: Arm, name: string, numbers: JsonObject): void {
  const shown = Object.entries(numbers).flatMap(([statistic, value]) =>
    (statistic === 'med' || isPercentile(statistic)) && typeof value === 'number'
      ? [`${statistic} ${Number(value.toPrecision(4))}`]
      : [],
  );
  if (shown.length > 0) arm.notes.push(`${arm.file}: ${name}: ${shown.sort().join(', ')}; for reading, not compared`);
  arm.unsampled.set(
    name,
    'a k6 summary holds percentiles, which are not samples, so nothing can be tested; run k6 with `--out json=FILE` and compare those files',
  );
}

/** By the names of the numbers, which all three summaries have in common: `--summary-export` says no type. */
function kindOf(numbers: JsonObject): SummaryMetric['kind'] | undefined {
  const { passes, fails, matches, total } = numbers;
  if (typeof passes === 'number' && typeof fails === 'number') return 'rate';
  if (typeof matches === 'number' && typeof total === 'number') return 'rate';
  const names = Object.keys(numbers).filter(name => typeof numbers[name] === 'number');
  const isTrend = names.every(name => TREND_STATISTICS.includes(name) || isPercentile(name));
  return isTrend && names.some(name => name === 'avg' || name === 'med' || isPercentile(name)) ? 'trend' : undefined;
}

/** `p(95)`, in the machine-readable summary `p95`. */
function isPercentile(name: string): boolean {
  return /^p\(?\d+(\.\d+)?\)?$/.test(name);
}
