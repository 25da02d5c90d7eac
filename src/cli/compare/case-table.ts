/** Values by metric and case, for the readers of results. */
import type { Arm, Series } from './arm.ts';

export class CaseTable {
  readonly #metrics = new Map<string, Series & { caseIds: string[] }>();

  /** Ignores what is no number and no yes or no: a result that does not have it. */
  add(name: string, caseId: string, found: unknown, unit?: string): void {
    if (typeof found !== 'number' && typeof found !== 'boolean') return;
    let series = this.#metrics.get(name);
    if (!series) {
      series = { values: [], caseIds: [], ...(unit === undefined ? {} : { unit }) };
      this.#metrics.set(name, series);
    }
    series.values.push(Number(found));
    series.caseIds.push(caseId);
  }

  into(arm: Arm): Arm {
    for (const [name, series] of this.#metrics) arm.metrics.set(name, series);
    const errors = this.#metrics.get('errors')?.values.filter(value => value === 1).length ?? 0;
    if (errors > 0)
      arm.notes.push(`${arm.file}: ${errors} results without an answer count in \`errors\` and in nothing else`);
    return arm;
  }
}
