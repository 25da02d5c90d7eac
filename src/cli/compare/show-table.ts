/** A comparison for people at a terminal: the verdict and its reason first, then what was measured, then every test. */
import type { Terminal } from '../terminal.ts';
import { TEST_NAMES } from './five-tests.ts';
import {
  clean,
  confidenceText,
  decidedText,
  effectText,
  marginText,
  middleText,
  nText,
  pText,
  TEST_WORDS,
  VERDICT_WORDS,
} from './format.ts';
import type { CompareReport, MetricReport } from './report.ts';

type Paint = Terminal['paint'];

export function tableText(report: CompareReport, paint: Paint): string {
  const colour = { pass: paint.green, fail: paint.red, inconclusive: paint.yellow };
  const { metrics } = report;
  const measured = [
    ['metric', 'n', 'baseline', 'candidate', `effect [${confidenceText(report)}]`, 'margin', 'severity', 'verdict'],
    ...metrics.map(metric => [
      metric.name,
      nText(metric),
      middleText(metric, 0),
      middleText(metric, 1),
      effectText(metric),
      marginText(metric),
      metric.severity,
      VERDICT_WORDS[metric.verdict],
    ]),
  ];
  const tests = [
    ['p, two-sided', ...TEST_NAMES.map(name => TEST_WORDS[name]), 'decides'],
    ...metrics.map(metric => [metric.name, ...TEST_NAMES.map(name => pText(metric.tests[name])), decidedText(metric)]),
  ];
  const parts = [
    `${colour[report.verdict](VERDICT_WORDS[report.verdict])}  ${clean(report.why)}`,
    columns(measured, paint),
    columns(tests, paint),
    sentences(report.metrics, report.why)
      .map(why => `  ${clean(why)}`)
      .join('\n'),
    report.notes.map(note => paint.dim(`  note: ${clean(note)}`)).join('\n'),
  ];
  return parts.filter(part => part !== '').join('\n\n');
}

/** The reasons of the metrics, without the one that stands above already. */
function sentences(metrics: readonly MetricReport[], said: string): string[] {
  return metrics.map(({ why }) => why).filter(why => why !== said);
}

function columns(rows: readonly (readonly string[])[], paint: Paint): string {
  const cells = rows.map(row => row.map(clean));
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map(row => [...row[i]!].length)));
  const pad = (text: string, i: number) => text + ' '.repeat(widths[i]! - [...text].length);
  return cells
    .map((row, r) => {
      const line = `  ${row.map(pad).join('  ').trimEnd()}`;
      return r === 0 ? paint.dim(line) : line;
    })
    .join('\n');
}
