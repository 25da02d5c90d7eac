/**
 * One recorded sample: a line of JSON with its time, its arm and what was measured. What is no number is a problem with
 * its place; what is a number and cannot be true (negative, NaN) goes on to the detector, which has a rule for it.
 */
import type { LiveOutcome } from '../../analysis/live-outcome.ts';
import { unitHashOf } from '../../traffic/assignment.ts';
import { isObject, type JsonObject } from '../compare/json-document.ts';
import { faultOf } from '../compare/json-fault.ts';
import { placeOf } from '../compare/json-place.ts';
import type { Line } from '../compare/lines.ts';
import { valueOf } from '../compare/number.ts';
import type { Problems } from '../compare/problems.ts';

export const MEASURED = ['latencyMs', 'quality', 'costUsd', 'tokens'] as const;
const FIELDS: ReadonlySet<string> = new Set(['at', 'arm', 'unit', 'error', ...MEASURED]);
/** Logs of several processes are never quite in order; two files one after the other are something else. */
export const MOST_LATE_MS = 60_000;
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
/** Names one unit within a file: any constant does. */
/** The first line of one. */
const WHOLE = /^\s*[[{]\s*$/;
const SALT = 'replay';

export class SampleReader {
  readonly #file: string;
  readonly #problems: Problems;
  #newestMs = Number.NEGATIVE_INFINITY;
  /** Fields of the file that mean nothing here. */
  readonly ignored = new Set<string>();
  /** The file is one JSON document: no line of it is a sample. */
  isWhole = false;

  constructor(file: string, problems: Problems) {
    this.#file = file;
    this.#problems = problems;
  }

  /** Undefined for an empty line, and for one with a problem, which is then listed. */
  read(line: Line): LiveOutcome | undefined {
    if (line.text.trim() === '') return undefined;
    const row = this.#parse(line);
    if (!row) return undefined;
    const before = this.#problems.count;
    const outcome: LiveOutcome = { arm: this.#arm(row, line), atMs: this.#time(row, line) };
    const unit = this.#unit(row, line);
    if (unit !== undefined) outcome.unitHash = unitHashOf(SALT, unit);
    this.#measure(row, outcome, line);
    for (const key in row) if (!FIELDS.has(key) && this.ignored.size < 50) this.ignored.add(key);
    return this.#problems.count === before ? outcome : undefined;
  }

  #arm({ arm }: JsonObject, line: Line): LiveOutcome['arm'] {
    if (arm === 'baseline' || arm === 'candidate') return arm;
    this.#report(line, 'arm', `must be "baseline" or "candidate"; found ${shown(arm)}`);
    return 'baseline';
  }

  #time({ at }: JsonObject, line: Line): number {
    const atMs = typeof at === 'string' && TIME.test(at) ? Date.parse(at) : at;
    if (typeof atMs !== 'number' || !(Math.abs(atMs) <= 8.64e15)) {
      const allowed = 'an RFC 3339 time such as "2026-01-31T12:00:00.000Z", or milliseconds since 1970';
      this.#report(line, 'at', `must be ${allowed}; found ${shown(at)}`);
      return 0;
    }
    if (typeof at === 'number' && at >= 1e9 && at < 1e10)
      this.#report(line, 'at', `must be milliseconds; ${at} looks like seconds since 1970`);
    if (atMs < this.#newestMs - MOST_LATE_MS) {
      const late = `lies ${Math.round((this.#newestMs - atMs) / 1000)} s before a line above`;
      this.#report(line, 'at', `${late}; lines stand in order of time, those of both arms mixed`);
    }
    this.#newestMs = Math.max(this.#newestMs, atMs);
    return atMs;
  }

  #unit({ unit }: JsonObject, line: Line): string | undefined {
    if (unit === undefined || unit === null) return undefined;
    if (typeof unit === 'string' && unit !== '') return unit;
    if (typeof unit === 'number') return String(unit);
    this.#report(line, 'unit', `must be a text that names the unit, or absent; found ${shown(unit)}`);
    return undefined;
  }

  #measure(row: JsonObject, outcome: LiveOutcome, line: Line): void {
    const { error } = row;
    if (typeof error === 'boolean') outcome.error = error;
    else if (typeof error === 'string') outcome.error = error !== '';
    else if (error === 0 || error === 1) outcome.error = error === 1;
    else if (error !== undefined && error !== null)
      this.#report(line, 'error', `must be true, false or a message; found ${shown(error)}`);
    for (const field of MEASURED) {
      const value = valueOf(row[field]);
      if (typeof value === 'number') outcome[field] = value;
      else if (value !== undefined) this.#report(line, field, value);
    }
  }

  #parse(line: Line): JsonObject | undefined {
    try {
      const row: unknown = JSON.parse(line.text);
      if (isObject(row)) return row;
      this.#report(line, '', 'must be an object, one sample');
    } catch (cause) {
      this.isWhole ||= line.number === 1 && WHOLE.test(line.text);
      const { offset, message } = faultOf(line.text, cause);
      const problem = this.isWhole
        ? { column: 1, message: "begins one document of several lines; write one object a line: jq -c '.[]'" }
        : { column: offset + 1, message: `${message}; one object a line` };
      this.#problems.add({ file: this.#file, line: line.number, ...problem });
    }
    return undefined;
  }

  #report(line: Line, field: string, message: string): void {
    const column = (field === '' ? undefined : placeOf(line.text, [field])?.column) ?? 1;
    this.#problems.add({ file: this.#file, line: line.number, column, path: field, message });
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
