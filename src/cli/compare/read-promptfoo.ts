/**
 * Results of promptfoo (`eval -o results.json`), paired by case. A case is its variables: numbers of tests move when one is
 * added. Several prompts or providers in one file are told apart; `results.json#1` picks one. Answers from promptfoo's
 * cache took no time worth comparing.
 */
import { type Arm, emptyArm } from './arm.ts';
import { CaseTable } from './case-table.ts';
import { isObject, type JsonDocument, type JsonObject } from './json-document.ts';

const RATES = ['quality', 'pass', 'errors', 'latency', 'tokens', 'costUsd'];

export function isPromptfoo(value: JsonObject): boolean {
  return rowsOf(value) !== undefined;
}

/** A row of `eval -o results.jsonl`. */
export function isPromptfooRow(value: JsonObject): boolean {
  return typeof value.testIdx === 'number' && typeof value.promptIdx === 'number' && 'vars' in value;
}

/** @param column of the table of results, from 0; undefined takes them all */
export function readPromptfoo(document: JsonDocument, column?: number): Arm {
  const { path, rows } = rowsOf(document.value as JsonObject)!;
  const results = new PromptfooResults(column);
  for (const [i, row] of rows.entries()) {
    if (isObject(row)) results.add(row);
    else document.problem([...path, i], 'must be an object, one result');
  }
  if (column !== undefined && results.isEmpty) document.problem(path, `has no prompt ${column}; the first is #0`);
  return results.into(emptyArm(document.file));
}

export class PromptfooResults {
  readonly #column: number | undefined;
  readonly #table = new CaseTable();
  readonly #names = new CaseNames();
  #cached = 0;

  constructor(column?: number) {
    this.#column = column;
  }

  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  add(row: JsonObject): void {
    if (this.#column !== undefined && Number(row.promptIdx ?? 0) !== this.#column) return;
    if (readRow(row, this.#names.nameOf(row, this.#column === undefined), this.#table)) this.#cached++;
  }

  into(arm: Arm): Arm {
    if (this.#cached > 0)
      arm.notes.push(`${arm.file}: ${this.#cached} answers came from a cache; their latency is left out`);
    return this.#table.into(arm);
  }
}

/** @returns whether the answer came from a cache */
function readRow(row: JsonObject, id: string, table: CaseTable): boolean {
  const failed = row.failureReason === 2;
  table.add('errors', id, failed ? 1 : 0);
  if (failed) return false;
  const response = isObject(row.response) ? row.response : {};
  const cached = response.cached === true;
  if (!cached) table.add('latency', id, row.latencyMs, 'ms');
  table.add('quality', id, row.score);
  table.add('pass', id, row.success);
  const usage = [row.tokenUsage, response.tokenUsage].find(isObject);
  if (typeof usage?.total === 'number' && usage.total > 0) table.add('tokens', id, usage.total, 'tokens');
  if (typeof row.cost === 'number' && row.cost > 0) table.add('costUsd', id, row.cost, 'USD');
  for (const [name, score] of Object.entries(isObject(row.namedScores) ? row.namedScores : {}))
    if (!RATES.includes(name)) table.add(name, id, score);
  return cached;
}

/** Tests with the same variables are told apart by their order. */
class CaseNames {
  readonly #tests = new Map<string, unknown[]>();

  get size(): number {
    return this.#tests.size;
  }

  nameOf(row: JsonObject, withColumn: boolean): string {
    const vars = row.vars ?? (isObject(row.testCase) ? row.testCase.vars : undefined);
    const key = isObject(vars) && Object.keys(vars).length > 0 ? canonical(vars) : `test ${row.testIdx}`;
    let tests = this.#tests.get(key);
    if (!tests) {
      tests = [];
      this.#tests.set(key, tests);
    }
    let order = tests.indexOf(row.testIdx);
    if (order < 0) order = tests.push(row.testIdx) - 1;
    const column = withColumn && Number(row.promptIdx ?? 0) > 0 ? ` · prompt ${row.promptIdx}` : '';
    return `${key}${order > 0 ? ` (${order + 1})` : ''}${column}`;
  }
}

function canonical(vars: JsonObject): string {
  return JSON.stringify(Object.fromEntries(Object.entries(vars).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** `{ results: { results: [] } }` of `eval -o`, or `{ results: [] }` of older ones. */
function rowsOf(value: JsonObject): { path: string[]; rows: unknown[] } | undefined {
  if (Array.isArray(value.results)) return { path: ['results'], rows: value.results };
  if (isObject(value.results) && Array.isArray(value.results.results))
    return { path: ['results', 'results'], rows: value.results.results };
  return undefined;
}
