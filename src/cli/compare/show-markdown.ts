/** A comparison as Markdown for a pull request: the verdict, one table, the tests folded away. */
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
import type { CompareReport } from './report.ts';

const SIGNS = { pass: '✅', fail: '❌', inconclusive: '⚠️' } as const;

export function markdownText(report: CompareReport): string {
  const { metrics, files, verdict } = report;
  const measured = table([
    ['metric', 'n', 'baseline', 'candidate', `effect [${confidenceText(report)}]`, 'margin', 'severity', 'verdict'],
    ...metrics.map(metric => [
      code(metric.name),
      nText(metric),
      middleText(metric, 0),
      middleText(metric, 1),
      effectText(metric),
      marginText(metric),
      metric.severity,
      `${SIGNS[metric.verdict]} ${VERDICT_WORDS[metric.verdict]}`,
    ]),
  ]);
  const tests = table([
    ['p, two-sided', ...TEST_NAMES.map(name => TEST_WORDS[name]), 'decides'],
    ...metrics.map(metric => [
      code(metric.name),
      ...TEST_NAMES.map(name => pText(metric.tests[name])),
      decidedText(metric),
    ]),
  ]);
  return [
    `### ${SIGNS[verdict]} ${capital(VERDICT_WORDS[verdict])}`,
    `${text(report.why)}`,
    measured,
    `<details><summary>Every test</summary>\n\n${tests}\n\n${metrics.map(({ why }) => `- ${text(why)}`).join('\n')}\n\n</details>`,
    ...(report.notes.length > 0 ? [report.notes.map(note => `- ${text(note)}`).join('\n')] : []),
    `<sub>${code(files[0])} → ${code(files[1])}, α ${report.alpha}</sub>`,
  ].join('\n\n');
}

function table(rows: string[][]): string {
  const line = (row: string[]) => `| ${row.map(cell => clean(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...body.map(line)].join('\n');
}

/** A name as code: nothing in it is markup, and a back-tick cannot end it. */
function code(name: string): string {
  return `\`${clean(name).replaceAll('`', "'")}\``;
}

function text(sentence: string): string {
  return clean(sentence).replace(/[\\`*_<>|[\]#@]/g, '\\$&');
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}
