/**
 * The summary of k6, of `--summary-export` or `handleSummary`. Its rates are counts of yes and no, which are samples. Its
 * trends are averages and percentiles, which are not: no test can be made of them, and none is pretended.
 */
import { type Arm, emptyArm } from './arm.ts';
import { MOST_KEPT } from './collector.ts';
import { isObject, type JsonDocument, type JsonObject } from './json-document.ts';
import { knownMetric } from './metric-names.ts';

export function isK6Summary(value: JsonObject): boolean {
  if (!isObject(value.metrics)) return false;
  return Object.values(value.metrics).some(metric => isObject(metric) && kindOf(metric) !== undefined);
}

export function readK6Summary(document: JsonDocument, named: ReadonlySet<string>): Arm {
  const arm = emptyArm(document.file);
  const { metrics } = document.value as { metrics: Record<string, unknown> };
  for (const [name, metric] of Object.entries(metrics)) {
    if (!isObject(metric) || (!knownMetric(name) && !named.has(name))) continue;
    const numbers = isObject(metric.values) ? metric.values : metric;
    if (kindOf(metric) === 'rate') readRate(arm, name, numbers);
    else if (kindOf(metric) === 'trend') readTrend(arm, name, numbers);
  }
  return arm;
}

function readRate(arm: Arm, name: string, { passes, fails }: JsonObject): void {
  const [yes, no] = [Number(passes), Number(fails)];
  const all = yes + no;
  if (!(all > 0)) return void arm.unsampled.set(name, 'was never measured');
  const kept = Math.min(all, MOST_KEPT);
  if (kept < all) arm.notes.push(`${arm.file}: ${name}: ${all} values stand as ${kept}`);
  const ones = Math.round((yes / all) * kept);
  arm.metrics.set(name, { values: Array.from({ length: kept }, (_, i) => (i < ones ? 1 : 0)) });
}

function readTrend(arm: Arm, name: string, numbers: JsonObject): void {
  const shown = ['med', 'p(95)'].flatMap(key => {
    const value = numbers[key];
    return typeof value === 'number' ? [`${key} ${Number(value.toPrecision(4))}`] : [];
  });
  if (shown.length > 0) arm.notes.push(`${arm.file}: ${name}: ${shown.join(', ')}; for reading, not compared`);
  arm.unsampled.set(
    name,
    'a k6 summary holds percentiles, which are not samples, so nothing can be tested; run k6 with `--out json=FILE` and compare those files',
  );
}

function kindOf(metric: JsonObject): 'rate' | 'trend' | undefined {
  const numbers = isObject(metric.values) ? metric.values : metric;
  if (Array.isArray(numbers)) return undefined;
  if (typeof numbers.passes === 'number' && typeof numbers.fails === 'number') return 'rate';
  return typeof numbers.avg === 'number' && typeof numbers.max === 'number' ? 'trend' : undefined;
}
