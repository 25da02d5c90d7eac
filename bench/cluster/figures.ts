/** Figures of the benchmarks on the cluster, as small tables: what is measured, median, p99, and how many there were. */
import { cpus, loadavg } from 'node:os';
import { quantileOfSorted } from '../../src/stats/quantile.ts';

export function medianOf(values: readonly number[]): number {
  return quantileOfSorted([...values].sort(upward), 0.5);
}

/** @param unit of the values. A p99 of less than 100 values is their largest, or nearly: the count stands beside it. */
export function spread(name: string, values: readonly number[], { unit = 'ms', digits = 1 } = {}): string[] {
  if (values.length === 0) return [name, '–', '–', '–', '–', '0'];
  const sorted = [...values].sort(upward);
  const at = (share: number) => `${quantileOfSorted(sorted, share).toFixed(digits)} ${unit}`;
  return [name, at(0.5), at(0.99), at(0), at(1), String(values.length)];
}

export const SPREAD = ['', 'median', 'p99', 'least', 'most', 'n'];

export function printTable(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map(row => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  console.log(`\n${title}`);
  console.log(line(heads));
  console.log(`|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`);
  for (const row of rows) console.log(line(row));
}

/** Beside every table: figures of a machine that others use too are worth less. */
export function machine(): string {
  const [load] = loadavg();
  return `${cpus().length} cores, Node ${process.versions.node}, load ${load!.toFixed(1)}, ${new Date().toISOString().slice(0, 16)}Z`;
}

const upward = (a: number, b: number) => a - b;
