/**
 * JSON Lines: an object a line, a key a metric; also the points of k6 and the rows of promptfoo. An `error` that a row does not mention did not
 * happen; any other metric that it does not mention was not measured.
 */
import { type Arm, emptyArm, isLeftOut, linesOptions, type Reading } from './arm.ts';
import { Collector } from './collector.ts';
import { isObject, type JsonObject } from './json-document.ts';
import { faultOf } from './json-fault.ts';
import { type Path, placeOf } from './json-place.ts';
import { type Line, linesOf } from './lines.ts';
import { metricNamed, twoColumns } from './metric-names.ts';
import { valueFor } from './number.ts';
import type { Problems } from './problems.ts';
import { isK6Line, K6Points } from './read-k6-points.ts';
import { isPromptfooRow, PromptfooResults } from './read-promptfoo.ts';

/** Rows may have keys without end. */
const MOST_NAMELESS = 1000;
const CASE_KEYS = ['caseId', 'case_id', 'case'];

/** @param promptIndex of promptfoo's rows, from 0; undefined takes them all */
export async function readJsonLines(
  file: string,
  reading: Reading,
  problems: Problems,
  promptIndex?: number,
): Promise<Arm> {
  const rows = new Rows(file, reading, problems, new PromptfooResults(promptIndex));
  for await (const batch of linesOf(file, linesOptions(file, reading))) for (const line of batch) rows.add(line);
  if (rows.isEmpty) problems.add({ file, message: 'is empty' });
  return rows.arm();
}

interface Column {
  path: string[];
  name: string;
  unit?: string;
  collector: Collector;
}

class Rows {
  readonly #file: string;
  readonly #reading: Reading;
  readonly #problems: Problems;
  readonly #k6: K6Points;
  readonly #promptfoo: PromptfooResults;
  #columns: Column[] | undefined;
  /** Null: numbers that are not compared. */
  #known = new Map<string, Column | null>();
  /** Keys that are not compared and held no number so far. */
  readonly #nameless = new Set<string>();
  #withCases = false;
  isEmpty = true;

  constructor(file: string, reading: Reading, problems: Problems, promptfoo: PromptfooResults) {
    this.#promptfoo = promptfoo;
    this.#file = file;
    this.#reading = reading;
    this.#problems = problems;
    this.#k6 = new K6Points(reading.named, () => new Collector({ withCases: false }));
  }

  add(line: Line): void {
    if (line.text.trim() === '') return;
    this.isEmpty = false;
    const row = this.#parse(line);
    if (!row) return;
    if (isK6Line(row)) {
      const wrong = this.#k6.add(row);
      if (wrong !== undefined) this.#report(line, [], wrong);
      return;
    }
    if (isPromptfooRow(row)) {
      this.#promptfoo.add(row);
      return;
    }
    if (!this.#columns) this.#begin(row);
    const caseId = this.#caseOf(row, line);
    if (this.#reading.columns.size === 0) this.#meet(row);
    for (const column of this.#columns!) this.#take(column, row, line, caseId);
  }

  arm(): Arm {
    const arm = this.#promptfoo.into(emptyArm(this.#file));
    for (const { name, unit, collector } of this.#columns ?? [])
      collector.into(arm, name, unit === undefined ? {} : { unit });
    for (const [name, collector] of this.#k6.collectors) {
      const unit = this.#k6.units.get(name);
      collector.into(arm, name, unit === undefined ? {} : { unit });
    }
    const ignored = [...this.#known].filter(([, column]) => column === null).map(([key]) => key);
    if (ignored.length > 0 && this.#reading.only.length === 0)
      arm.notes.push(`${this.#file}: not compared: ${ignored.slice(0, 10).join(', ')} (name one with --column)`);
    return arm;
  }

  /** The first row says whether cases are named. Errors are counted from the start, whenever one is mentioned. */
  #begin(row: JsonObject): void {
    const { columns, caseColumn } = this.#reading;
    this.#withCases = caseColumn !== undefined || CASE_KEYS.some(key => Object.hasOwn(row, key));
    this.#columns = [...columns].map(([name, key]) =>
      this.#column(name, Object.hasOwn(row, key) ? [key] : key.split('.')),
    );
    if (columns.size === 0 && !isLeftOut('errors', this.#reading))
      this.#columns.push(this.#column('errors', ['error']));
  }

  #column(name: string, path: string[], unit?: string): Column {
    return {
      path,
      name,
      ...(unit === undefined ? {} : { unit }),
      collector: new Collector({ withCases: this.#withCases }),
    };
  }

  /** Keys that were not seen before become columns where their name says what they measure. */
  #meet(row: JsonObject): void {
    for (const key in row) {
      if (this.#known.has(key) || CASE_KEYS.includes(key) || key === this.#reading.caseColumn) continue;
      const metric = this.#nameless.has(key) ? undefined : metricNamed(key, this.#reading.named);
      if (metric && !isLeftOut(metric.name, this.#reading)) this.#known.set(key, this.#columnFor(key, metric));
      else this.#pass(key, row[key]);
    }
  }

  #pass(key: string, found: unknown): void {
    if (typeof found === 'number') this.#known.set(key, null);
    else if (this.#nameless.size < MOST_NAMELESS) this.#nameless.add(key);
  }

  #columnFor(key: string, { name, unit }: { name: string; unit?: string }): Column {
    const errors = name === 'errors' && this.#columns!.find(column => column.name === 'errors');
    if (errors) {
      errors.path = [key];
      return errors;
    }
    const column = this.#column(name, [key], unit);
    const other = this.#columns!.find(found => found.name === name);
    if (other) this.#problems.add({ file: this.#file, message: twoColumns(name, [other.path.join('.'), key]) });
    else this.#columns!.push(column);
    return column;
  }

  #take({ path, name, collector }: Column, row: JsonObject, line: Line, caseId: string | undefined): void {
    let found: unknown = row;
    for (const key of path) found = isObject(found) ? found[key] : undefined;
    const value = valueFor(name, found);
    if (value === undefined) return;
    if (typeof value === 'string') this.#report(line, path, value);
    else if (!collector.add(value, caseId))
      this.#report(line, path, 'is one case too many; compare fewer, or without cases');
  }

  #caseOf(row: JsonObject, line: Line): string | undefined {
    if (!this.#withCases) return undefined;
    const key = this.#reading.caseColumn ?? CASE_KEYS.find(name => Object.hasOwn(row, name));
    const id = key === undefined ? undefined : row[key];
    if (typeof id === 'string' || typeof id === 'number') return String(id);
    this.#report(line, [], `names no case, as other rows do (${this.#reading.caseColumn ?? CASE_KEYS[0]})`);
    return '';
  }

  #parse(line: Line): JsonObject | undefined {
    try {
      const row: unknown = JSON.parse(line.text);
      if (isObject(row)) return row;
      this.#report(line, [], 'must be an object, one row');
    } catch (cause) {
      const { offset, message } = faultOf(line.text, cause);
      this.#problems.add({ file: this.#file, line: line.number, column: offset + 1, message });
    }
    return undefined;
  }

  #report(line: Line, path: Path, message: string): void {
    const column = placeOf(line.text, path)?.column ?? 1;
    this.#problems.add({ file: this.#file, line: line.number, column, path: path.join('.'), message });
  }
}
