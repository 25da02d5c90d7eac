/**
 * The memory of a source as bytes, so that a restart of Spillway goes on counting where it stood. They belong to one query: with another
 * one, what was never asked for would look like a series that begins, and all that it ever counted like requests of the release.
 */
import type { Arm } from '../../analysis/live-outcome.ts';
import type { NativeBuckets } from '../../stats/native-grid.ts';
import type { Memory } from './interval.ts';
import type { Reading } from './reading.ts';
import type { Measure, Series } from './scrape.ts';

/** Beyond this the memory is not kept (some 10,000 series): a restart then counts nothing for the time across it. */
const BYTES_MAX = 2 * 1024 * 1024;
const VERSION = 1;
const INFINITE = '+Inf';

type Row = [key: string, arm: Arm, measure: Measure, target: string, atMs: number, reading: Counts];
type Counts = number | [le: number | typeof INFINITE, count: number][] | NativeBuckets;

/** Empty where the memory is too large to be kept. */
export function encodeMemory(memory: Memory, query: string): Uint8Array {
  const rows = [...memory].map(([key, { arm, measure, target, atMs, reading }]): Row => {
    return [key, arm, measure, target, atMs, countsOf(reading)];
  });
  const bytes = new TextEncoder().encode(JSON.stringify([VERSION, query, rows]));
  return bytes.length <= BYTES_MAX ? bytes : new Uint8Array();
}

/** Undefined for bytes of another query or version, and for damaged ones: the source then begins as at its first look. */
export function decodeMemory(bytes: Uint8Array, query: string): Memory | undefined {
  try {
    const [version, of, rows] = JSON.parse(new TextDecoder().decode(bytes)) as [unknown, unknown, Row[]];
    if (version !== VERSION || of !== query) return undefined;
    return new Map(rows.map(row => [row[0], seriesOf(row)]));
  } catch {
    return undefined;
  }
}

function countsOf(reading: Reading): Counts {
  if (reading.kind === 'counter') return reading.value;
  if (reading.kind === 'native') return reading.buckets;
  return [...reading.cumulative].map(([le, count]) => [le === Number.POSITIVE_INFINITY ? INFINITE : le, count]);
}

function seriesOf([, arm, measure, target, atMs, counts]: Row): Series {
  return { arm, measure, target, atMs: numeric(atMs), reading: readingOf(counts) };
}

function readingOf(counts: Counts): Reading {
  if (Array.isArray(counts)) {
    const bound = (le: number | typeof INFINITE) => (le === INFINITE ? Number.POSITIVE_INFINITY : numeric(le));
    return { kind: 'classic', cumulative: new Map(counts.map(([le, count]) => [bound(le), numeric(count)])) };
  }
  if (typeof counts === 'object' && counts !== null) {
    const { schema, zeroThreshold, zeroCount, indexes, counts: held } = counts;
    for (const value of [schema, zeroThreshold, zeroCount, ...indexes, ...held]) numeric(value);
    return { kind: 'native', buckets: counts };
  }
  return { kind: 'counter', value: numeric(counts) };
}

/** JSON knows no infinity: it comes back as null, and a past that is unknown must not be read as 0. */
function numeric(value: number): number {
  if (typeof value === 'number') return value;
  throw new RangeError('damaged');
}
