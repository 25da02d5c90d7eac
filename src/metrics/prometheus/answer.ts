/**
 * Reads what Prometheus answered. Its values are text, because JSON knows no NaN: they are read here once, and what is not of the
 * documented form is an error that says so, never a zero.
 */
import { SpillwayError } from '../../errors.ts';

export type Labels = Readonly<Record<string, string>>;

/** A native histogram as the API writes it: each bucket is [boundary rule, left, right, count]. */
export interface NativeJson {
  count: string;
  sum: string;
  buckets?: readonly (readonly [number, string, string, string])[];
}

/** Of an instant query: one value for each series, or a native histogram in its place. */
export interface VectorItem {
  labels: Labels;
  /** Of the evaluation, not of the scrape. */
  atMs: number;
  /** NaN and infinities may occur. Absent where there is a histogram. */
  value?: number;
  histogram?: NativeJson;
}

export type QueryResult =
  | { type: 'vector'; items: readonly VectorItem[] }
  | { type: 'scalar'; value: number; atMs: number };

export type Matrix = readonly { labels: Labels; values: readonly { atMs: number; value: number }[] }[];

type Found = Record<string, unknown>;

/** @throws SpillwayError METRICS_ANSWER_INVALID for a matrix, text, or what is no answer of Prometheus */
export function readResult(body: unknown): QueryResult {
  const { resultType, result } = dataOf(body);
  if (resultType === 'scalar') return { type: 'scalar', ...pointOf(result) };
  if (resultType !== 'vector') throw invalid(`the query returns ${nameOf(resultType)}, not a value for each series`);
  return { type: 'vector', items: listOf(result).map(vectorItem) };
}

/** @throws SpillwayError METRICS_ANSWER_INVALID, also for native histograms, of which a range is not read */
export function readMatrix(body: unknown): Matrix {
  const { resultType, result } = dataOf(body);
  if (resultType !== 'matrix') throw invalid(`a range query returns a matrix, got ${nameOf(resultType)}`);
  return listOf(result).map(item => {
    const { metric, values } = objectOf(item);
    return { labels: labelsOf(metric), values: listOf(values).map(pointOf) };
  });
}

function vectorItem(item: unknown): VectorItem {
  const { metric, value, histogram } = objectOf(item);
  const labels = labelsOf(metric);
  if (histogram === undefined) return { labels, ...pointOf(value) };
  const [at, found] = listOf(histogram);
  return { labels, atMs: millisecondsOf(at), histogram: nativeOf(found) };
}

function nativeOf(found: unknown): NativeJson {
  const { count, sum, buckets = [] } = objectOf(found);
  const isBucket = (bucket: unknown) =>
    Array.isArray(bucket) && typeof bucket[0] === 'number' && [1, 2, 3].every(i => typeof bucket[i] === 'string');
  if (typeof count !== 'string' || typeof sum !== 'string' || !listOf(buckets).every(isBucket))
    throw invalid('a native histogram of another form than is documented');
  return { count, sum, buckets: buckets as NonNullable<NativeJson['buckets']> };
}

function dataOf(body: unknown): Found {
  const { status, data } = objectOf(body);
  if (status !== 'success') throw invalid('no field `status` that says "success"');
  return objectOf(data);
}

function pointOf(point: unknown): { atMs: number; value: number } {
  const [at, text] = listOf(point);
  return { atMs: millisecondsOf(at), value: numberOf(text) };
}

function millisecondsOf(seconds: unknown): number {
  if (typeof seconds !== 'number') throw invalid(`a time must be a number of seconds, got ${nameOf(seconds)}`);
  return Math.round(seconds * 1000);
}

/** "+Inf", "-Inf" and "NaN" among them. @throws SpillwayError METRICS_ANSWER_INVALID */
export function numberOf(text: unknown): number {
  if (typeof text !== 'string') throw invalid(`a value must be text, got ${nameOf(text)}`);
  if (text === 'NaN') return Number.NaN;
  const infinite = /^([+-]?)Inf$/.exec(text);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw invalid(`a value must be a number, got ${nameOf(text)}`);
  return value;
}

function labelsOf(metric: unknown): Labels {
  const labels = objectOf(metric);
  if (!Object.values(labels).every(value => typeof value === 'string')) throw invalid('labels that are not text');
  return labels as Labels;
}

function objectOf(value: unknown): Found {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Found;
  throw invalid(`an object is expected, got ${nameOf(value)}`);
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw invalid(`a list is expected, got ${nameOf(value)}`);
}

function nameOf(value: unknown): string {
  return String(JSON.stringify(value) ?? 'nothing').slice(0, 60);
}

function invalid(what: string): SpillwayError {
  return new SpillwayError('METRICS_ANSWER_INVALID', `Prometheus gave an unexpected answer: ${what}`);
}
