/**
 * Results of `spillway test --json`, paired by case. A case without an answer has no latency and no score: it is left out
 * there and counted in the metric `errors`, so that a candidate cannot look better by not answering.
 */
import { type Arm, emptyArm } from './arm.ts';
import { CaseTable } from './case-table.ts';
import { isObject, type JsonDocument, type JsonObject } from './json-document.ts';
import type { Path } from './json-place.ts';

export function readTestReport(document: JsonDocument): Arm {
  const root = document.value as { reports?: unknown };
  const reports = Array.isArray(root.reports) ? root.reports : [root];
  const arm = emptyArm(document.file);
  const table = new CaseTable();
  const met = new Map<string, number>();
  let notRun = 0;
  for (const [i, report] of reports.entries()) {
    const path = Array.isArray(root.reports) ? ['reports', i] : [];
    if (!isObject(report) || !Array.isArray(report.cases)) {
      document.problem(path, 'must be a report of `spillway test --json`, with cases');
      continue;
    }
    const suite = String(report.suite ?? '');
    const times = (met.get(suite) ?? 0) + 1;
    met.set(suite, times);
    notRun += typeof report.notRun === 'number' ? report.notRun : 0;
    readCases(document, [...path, 'cases'], report.cases, (id, found) =>
      readCase(`${suite}${times > 1 ? ` (${times})` : ''} › ${id}`, found, table),
    );
  }
  if (notRun > 0) arm.notes.push(`${document.file}: ${notRun} planned cases were not run and are not compared`);
  return table.into(arm);
}

function readCases(
  document: JsonDocument,
  path: Path,
  cases: readonly unknown[],
  take: (id: string, found: JsonObject) => void,
): void {
  for (const [i, found] of cases.entries()) {
    if (isObject(found) && typeof found.id === 'string') take(found.id, found);
    else document.problem([...path, i], 'must be an object with an id');
  }
}

function readCase(id: string, found: JsonObject, table: CaseTable): void {
  // What was not run made no attempt: neither an answer nor an error.
  if (found.attempts === 0) return;
  const failed = found.error !== undefined;
  table.add('errors', id, failed ? 1 : 0);
  if (failed) return;
  table.add('latency', id, found.latencyMs, 'ms');
  table.add('quality', id, found.score);
  table.add('pass', id, found.pass);
  table.add('tokens', id, found.tokens, 'tokens');
  table.add('costUsd', id, found.costUsd, 'USD');
}
