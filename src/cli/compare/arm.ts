/**
 * What a reader of any format hands over: the samples of one arm, and in words what could not become a sample. Metrics
 * keep the file's own units here; plan.ts brings both arms together.
 */
import type { Direction } from '../../config/plan.ts';
import type { BinnedSample } from '../../stats/index.ts';
import type { OnRead } from '../reading-progress.ts';
import type { LinesOptions } from './lines.ts';
import type { Problems } from './problems.ts';

/** Counts by bucket, and where in the file a bound stands. */
export interface HistogramSeries {
  sample: BinnedSample;
  /** Adds a problem at a bound, from 0; at all of them where there is none such. */
  problemAt(bound: number, message: string): void;
}

export interface Series {
  /** Empty where there is a histogram in their place. */
  values: number[];
  histogram?: HistogramSeries;
  /** As many as `values`, where cases are named: the comparison is then paired. */
  caseIds?: string[];
  unit?: string;
  direction?: Direction;
}

export interface Arm {
  file: string;
  metrics: Map<string, Series>;
  /** Metrics of which the file holds no samples: name → why, and what to do. */
  unsampled: Map<string, string>;
  /** What a person should know: what was left out, thinned or changed. */
  notes: string[];
}

/** What the user said about columns, from the flags. */
export interface Reading {
  /** Metric → column: a name, a dotted path (JSON Lines) or a position from 1 (CSV). Empty: known names are looked for. */
  columns: ReadonlyMap<string, string>;
  /** Read these metrics and no others; empty: all. */
  only: readonly string[];
  /** Metrics that were named by any flag: these are read even where the name is not known. */
  named: ReadonlySet<string>;
  /** The column that holds case ids. */
  caseColumn: string | undefined;
  /** Ends the reading of a long file. */
  signal?: AbortSignal;
  /** Told while a long file is read. */
  progressOf?: (file: string) => OnRead;
}

export type Reader = (path: string, reading: Reading, problems: Problems) => Promise<Arm> | Arm;

export function emptyArm(file: string): Arm {
  return { file, metrics: new Map(), unsampled: new Map(), notes: [] };
}

/** A column that nobody asked for need not be numbers, nor be kept. */
export function isLeftOut(name: string, { only }: Reading): boolean {
  return only.length > 0 && !only.includes(name);
}

export function linesOptions(file: string, { signal, progressOf }: Reading): LinesOptions {
  return { ...(signal ? { signal } : {}), ...(progressOf ? { onRead: progressOf(file) } : {}) };
}
