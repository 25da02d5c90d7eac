/**
 * CSV (RFC 4180; comma, semicolon or tab), with a line of column names or, by position, without. Rows stream: a quoted cell
 * may hold line breaks, and no more than one row is in memory.
 */
import { type Arm, emptyArm, isLeftOut, linesOptions, type Reading } from './arm.ts';
import { Collector } from './collector.ts';
import { cellsOf, delimiterOf, isOpen } from './csv-row.ts';
import { linesOf } from './lines.ts';
import { metricNamed, metricOfColumn, twoColumns } from './metric-names.ts';
import { valueFor, valueOf } from './number.ts';
import type { Problems } from './problems.ts';

const CASE_COLUMNS = ['caseid', 'case_id', 'case'];
const MOST_LINES_OF_A_ROW = 10_000;

export async function readCsv(file: string, reading: Reading, problems: Problems): Promise<Arm> {
  const table = new Table(file, reading, problems);
  let open: { number: number; text: string; lines: number } | undefined;
  for await (const batch of linesOf(file, linesOptions(file, reading))) {
    for (const { number, text } of batch) {
      open = open ? { ...open, text: `${open.text}\n${text}`, lines: open.lines + 1 } : { number, text, lines: 1 };
      if (isOpen(open.text) && open.lines < MOST_LINES_OF_A_ROW) continue;
      table.add(open.text, open.number);
      open = undefined;
    }
  }
  if (table.isEmpty && !open) problems.add({ file, message: 'is empty' });
  if (open) problems.add({ file, line: open.number, message: 'a quote that opens here is never closed' });
  return table.arm();
}

interface Column {
  index: number;
  name: string;
  unit?: string;
  collector: Collector;
}

class Table {
  readonly #file: string;
  readonly #reading: Reading;
  readonly #problems: Problems;
  #delimiter = ',';
  #columns: Column[] | undefined;
  #caseIndex = -1;
  #ignored: string[] = [];

  constructor(file: string, reading: Reading, problems: Problems) {
    this.#file = file;
    this.#reading = reading;
    this.#problems = problems;
  }

  get isEmpty(): boolean {
    return this.#columns === undefined;
  }

  add(text: string, line: number): void {
    if (text.trim() === '') return;
    if (this.#columns) {
      this.#take(text, line);
      return;
    }
    this.#delimiter = delimiterOf(text);
    if (
      this.#begin(
        cellsOf(text, this.#delimiter).map(({ text: cell }) => cell.trim()),
        line,
      )
    )
      this.#take(text, line);
  }

  arm(): Arm {
    const arm = emptyArm(this.#file);
    for (const { name, unit, collector } of this.#columns ?? [])
      collector.into(arm, name, unit === undefined ? {} : { unit });
    if (this.#ignored.length > 0 && this.#reading.only.length === 0)
      arm.notes.push(`${this.#file}: not compared: ${this.#ignored.slice(0, 10).join(', ')} (name one with --column)`);
    return arm;
  }

  /** Finds the columns. @returns whether the first row is data already */
  #begin(names: string[], line: number): boolean {
    const { columns, caseColumn } = this.#reading;
    const wanted = [...columns].map(([name, column]) => ({ name, index: indexOf(column, names) }));
    const positions = wanted.filter(({ name }) => /^\d+$/.test(columns.get(name)!));
    const isData =
      positions.length === wanted.length && wanted.some(({ index }) => typeof valueOf(names[index]) === 'number');
    this.#caseIndex = caseColumn === undefined ? this.#caseByName(names) : indexOf(caseColumn, names);
    const withCases = this.#caseIndex >= 0;
    if (caseColumn !== undefined && !withCases) this.#missing(caseColumn, names, line);
    this.#columns = [];
    for (const { name, index } of wanted) {
      if (index < 0) this.#missing(columns.get(name)!, names, line);
      else this.#columns.push({ index, name, ...unitOf(name, names[index]!), collector: new Collector({ withCases }) });
    }
    if (columns.size === 0) this.#findByName(names, line, withCases);
    return isData && wanted.length > 0;
  }

  #findByName(names: string[], line: number, withCases: boolean): void {
    for (const [index, column] of names.entries()) {
      if (index === this.#caseIndex) continue;
      const metric = metricNamed(column, this.#reading.named);
      if (metric && isLeftOut(metric.name, this.#reading)) continue;
      if (metric) this.#columns!.push({ index, ...metric, collector: new Collector({ withCases }) });
      else this.#ignored.push(column);
      const other = this.#columns!.find(({ name }) => name === metric?.name);
      if (other && other.index !== index) {
        const message = twoColumns(other.name, [`columns ${other.index + 1}`, String(index + 1)]);
        this.#problems.add({ file: this.#file, line, message });
      }
    }
    if (this.#columns!.length > 0) return;
    const message = `no column has the name of a known metric; found ${names.slice(0, 20).join(', ')}: say --column latency=NAME, or --column latency=1 for the first`;
    this.#problems.add({ file: this.#file, line, message });
  }

  #caseByName(names: string[]): number {
    return names.findIndex(name => CASE_COLUMNS.includes(name.toLowerCase()));
  }

  #missing(column: string, names: string[], line: number): void {
    const message = `has no column ${column}; found ${names.slice(0, 20).join(', ')}`;
    this.#problems.add({ file: this.#file, line, message });
  }

  #take(text: string, line: number): void {
    const cells = cellsOf(text, this.#delimiter);
    const caseId = this.#caseIndex < 0 ? undefined : (cells[this.#caseIndex]?.text.trim() ?? '');
    if (caseId === '') this.#problems.add({ file: this.#file, line, message: 'names no case, as other rows do' });
    for (const { index, name, collector } of this.#columns!) {
      const cell = cells[index];
      const value = cell ? valueFor(name, cell.text) : `is missing: the row has ${cells.length} cells`;
      if (value === undefined) continue;
      const wrong =
        typeof value === 'string'
          ? value
          : collector.add(value, caseId)
            ? undefined
            : 'is one case too many; compare fewer, or without cases';
      if (wrong !== undefined)
        this.#problems.add({
          file: this.#file,
          line,
          column: cell?.column ?? text.length + 1,
          path: name,
          message: wrong,
        });
    }
  }
}

/** Where the name of the column gives the unit away. */
function unitOf(name: string, column: string): { unit?: string } {
  const found = metricOfColumn(column);
  return found?.name === name && found.unit !== undefined ? { unit: found.unit } : {};
}

function indexOf(column: string, names: string[]): number {
  const byName = names.indexOf(column);
  if (byName >= 0 || !/^[1-9]\d*$/.test(column)) return byName;
  return Number(column) <= names.length ? Number(column) - 1 : -1;
}
