/**
 * The sample file: `{ "metrics": { "latency": { unit?, direction?, values, caseIds? } } }`, or a `histogram` in place of values.
 * Unknown fields are problems.
 */
import type { Direction } from '../../config/plan.ts';
import { type Arm, emptyArm, type Series } from './arm.ts';
import { isObject, type JsonDocument, type JsonObject } from './json-document.ts';
import { valueOf } from './number.ts';
import { readHistogram } from './read-histogram.ts';

const FIELDS = ['unit', 'direction', 'values', 'histogram', 'caseIds'];
export const DIRECTIONS: readonly string[] = ['lowerIsBetter', 'higherIsBetter'] satisfies Direction[];

export function readSamples(document: JsonDocument): Arm {
  const arm = emptyArm(document.file);
  const root = document.value as { metrics: Record<string, unknown> };
  for (const key of Object.keys(root)) {
    if (key !== 'metrics') document.problem([key], 'is not a field of a sample file; allowed: metrics');
  }
  for (const [name, metric] of Object.entries(root.metrics)) {
    const series = readSeries(document, name, metric);
    if (series) arm.metrics.set(name, series);
  }
  return arm;
}

function readSeries(document: JsonDocument, name: string, metric: unknown): Series | undefined {
  const here = ['metrics', name];
  if (!isObject(metric)) {
    document.problem(
      here,
      'must be an object { unit?, direction, values, caseIds? } or { unit?, direction, histogram }',
    );
    return undefined;
  }
  for (const key of Object.keys(metric)) {
    if (!FIELDS.includes(key))
      document.problem([...here, key], `is not a field of a metric; allowed: ${FIELDS.join(', ')}`);
  }
  const { values, histogram, caseIds } = metric;
  const about = readAbout(document, here, metric);
  if (histogram !== undefined) {
    for (const [key, other] of Object.entries({ values, caseIds }))
      if (other !== undefined)
        document.problem([...here, key], 'stands beside `histogram`: a metric has one or the other');
    const read = readHistogram(document, [...here, 'histogram'], histogram);
    return read ? { values: [], histogram: read, ...about } : undefined;
  }
  if (!Array.isArray(values)) {
    document.problem(
      values === undefined ? here : [...here, 'values'],
      'must have `values`, a list of numbers, or a `histogram`',
    );
    return undefined;
  }
  const ids = readCaseIds(document, here, caseIds, values.length);
  return {
    values: readValues(document, [...here, 'values'], values),
    ...(ids ? { caseIds: ids } : {}),
    ...about,
  };
}

function readAbout(
  document: JsonDocument,
  here: string[],
  { unit, direction }: JsonObject,
): Pick<Series, 'unit' | 'direction'> {
  if (unit !== undefined && typeof unit !== 'string') document.problem([...here, 'unit'], 'must be text such as "ms"');
  if (direction !== undefined && !DIRECTIONS.includes(direction as string))
    document.problem([...here, 'direction'], `must be ${DIRECTIONS.join(' or ')}; found ${JSON.stringify(direction)}`);
  return {
    ...(typeof unit === 'string' ? { unit } : {}),
    ...(direction === undefined ? {} : { direction: direction as Direction }),
  };
}

/** JSON has no words for NaN and infinity: as text they mean the same. */
function readValues(document: JsonDocument, here: string[], values: readonly unknown[]): number[] {
  return values.map((found, i) => {
    const value = valueOf(found);
    if (typeof value === 'number') return value;
    document.problem([...here, i], value ?? 'must be a number; found nothing: write "Infinity" for a time-out');
    return Number.NaN;
  });
}

function readCaseIds(document: JsonDocument, here: string[], found: unknown, wanted: number): string[] | undefined {
  if (found === undefined) return undefined;
  const path = [...here, 'caseIds'];
  if (!Array.isArray(found)) {
    document.problem(path, 'must be a list, one id a value');
    return undefined;
  }
  if (found.length !== wanted) {
    document.problem(path, `holds ${found.length} ids for ${wanted} values: as many are needed`);
    return undefined;
  }
  return found.map((id: unknown, i) => {
    if (typeof id !== 'string' && typeof id !== 'number') document.problem([...path, i], 'must be text or a number');
    return String(id);
  });
}
