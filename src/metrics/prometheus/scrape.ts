/**
 * One look at the counters of both arms: the query for all of them at once, and its answer as series. One query, because Prometheus
 * runs it on one snapshot: requests, errors and buckets of a target are then of the same scrape, which several queries would not
 * promise. Each value comes with the time of its scrape, without which "nothing new" would look like "no requests".
 */
import type { Arm } from '../../analysis/live-outcome.ts';
import { type Labels, type NativeJson, numberOf, type VectorItem } from './answer.ts';
import { nativeBuckets } from './native-json.ts';
import type { Reading } from './reading.ts';

/** Selectors of raw counters, such as `http_requests_total{service="web"}`: no `rate()`, and no `sum()`, which hides restarts. */
export interface ArmQueries {
  /** Counters of requests, or native histograms, which count them too. */
  requests: string;
  /** Of the same requests those that failed. Finding nothing is no error yet. */
  errors: string;
  /** By metric (`latency`, `tokens`): classic series `…_bucket`, or native histograms. */
  histograms?: Readonly<Record<string, string>>;
}

export type SourceQueries = Readonly<Record<Arm, ArmQueries>>;

/** `requests`, `errors`, or `histogram/` and the metric. */
export type Measure = 'requests' | 'errors' | `histogram/${string}`;

export interface Series {
  arm: Arm;
  measure: Measure;
  /** Which process is counted: `job` and `instance`, else the series alone. */
  target: string;
  /** When Prometheus read it there, epoch milliseconds on its clock. */
  atMs: number;
  reading: Reading;
}

export interface Scrape {
  /** By arm, measure and labels. */
  series: ReadonlyMap<string, Series>;
  /** What could not be read, each once. */
  flaws: readonly { measure: Measure; reason: string }[];
}

const ROLE = 'spillway_role';
const AT = 'at/';

/** @throws RangeError when the name of a metric is no word */
export function scrapeQuery(queries: SourceQueries): string {
  return partsOf(queries)
    .flatMap(({ role, query }) => [marked(`(${query}\n)`, role), marked(`timestamp(${query}\n)`, AT + role)])
    .join(' or ');
}

/** The single queries, to find out which of them is wrong. */
export function partsOf(queries: SourceQueries): { role: string; query: string }[] {
  return (['baseline', 'candidate'] as const).flatMap(arm => {
    const { requests, errors, histograms = {} } = queries[arm];
    const named = Object.entries(histograms).map(([metric, query]) => {
      if (!/^\w+$/.test(metric)) throw new RangeError(`the name of a metric must be a word, got ${metric}`);
      return { role: `${arm}/histogram/${metric}`, query };
    });
    return [{ role: `${arm}/requests`, query: requests }, { role: `${arm}/errors`, query: errors }, ...named];
  });
}

function marked(expression: string, role: string): string {
  return `label_replace(${expression}, "${ROLE}", "${role}", "", "")`;
}

/** A NaN is no reading: the series is then not there. @throws SpillwayError METRICS_ANSWER_INVALID for numbers that are none */
export function readScrape(items: readonly VectorItem[]): Scrape {
  const times = new Map<string, number>();
  for (const item of items)
    if (roleOf(item).startsWith(AT) && item.value !== undefined)
      times.set(keyOf(roleOf(item).slice(AT.length), item.labels, true), Math.round(item.value * 1000));
  const series = new Map<string, Series>();
  const flaws = new Map<string, { measure: Measure; reason: string }>();
  for (const item of items) {
    const role = roleOf(item);
    if (role === '' || role.startsWith(AT) || Number.isNaN(item.value)) continue;
    const slash = role.indexOf('/');
    const [arm, measure] = [role.slice(0, slash) as Arm, role.slice(slash + 1) as Measure];
    const atMs = times.get(keyOf(role, item.labels, true)) ?? item.atMs;
    try {
      const key = keyOf(role, item.labels, false);
      const found = { arm, measure, target: targetOf(item.labels, key), atMs };
      place(series, key, found, item);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      flaws.set(measure + error.message, { measure, reason: error.message });
    }
  }
  return { series, flaws: [...flaws.values()] };
}

function place(series: Map<string, Series>, key: string, found: Omit<Series, 'reading'>, item: VectorItem): void {
  const { histogram, value = Number.NaN, labels } = item;
  if (!found.measure.startsWith('histogram/')) {
    series.set(key, { ...found, reading: { kind: 'counter', value: histogram ? numberOf(histogram.count) : value } });
  } else if (histogram) {
    series.set(`${key} native`, { ...found, reading: nativeReading(histogram) });
  } else {
    const le = boundOf(labels);
    const before = series.get(key);
    // Buckets of an earlier scrape, from before a change of the bounds, may stand for some minutes beside the new ones.
    if (before && before.atMs > found.atMs) return;
    const known = before?.atMs === found.atMs && before.reading.kind === 'classic' ? before.reading.cumulative : [];
    series.set(key, { ...found, reading: { kind: 'classic', cumulative: new Map([...known, [le, value]]) } });
  }
}

function nativeReading(histogram: NativeJson): Reading {
  return { kind: 'native', buckets: nativeBuckets(histogram) };
}

/** @throws RangeError without an `le` that is a number: a bound may be written "1", "1.0" or "1e0" */
function boundOf({ le }: Labels): number {
  if (le === undefined) throw new RangeError('the query for a histogram finds series without the label le');
  const bound = /^\+?Inf$/.test(le) ? Number.POSITIVE_INFINITY : Number(le.trim() === '' ? Number.NaN : le);
  if (Number.isNaN(bound)) throw new RangeError(`the label le must be a number or "+Inf", got ${JSON.stringify(le)}`);
  return bound;
}

const roleOf = ({ labels }: VectorItem) => labels[ROLE] ?? '';

/** Without the name, which `timestamp()` drops. */
function keyOf(role: string, labels: Labels, withBound: boolean): string {
  const left = Object.keys(labels).filter(name => name !== '__name__' && name !== ROLE && (withBound || name !== 'le'));
  return JSON.stringify([role, ...left.sort().map(name => [name, labels[name]])]);
}

function targetOf({ job = '', instance = '' }: Labels, key: string): string {
  return instance === '' ? key : JSON.stringify([job, instance]);
}
