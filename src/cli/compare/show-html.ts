/** A comparison as one page that stands alone: no script, no asset from elsewhere, so that it can be kept and mailed. */
import { TEST_NAMES } from './five-tests.ts';
import {
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
import { STYLE } from './page-style.ts';
import { plotsOf } from './plot.ts';
import { escapeText } from './plot-frame.ts';
import type { CompareReport, MetricReport } from './report.ts';

/** Under the verdict of a metric that came as histograms. */
const BUCKETS_NOTE =
  '\n<p class="soft">Counted by bucket: each box is one, and its values may lie anywhere in it. Tests of means need values.</p>';

export function pageText(report: CompareReport): string {
  const { files, metrics, verdict, notes } = report;
  const title = `${VERDICT_WORDS[verdict]}: ${files[0]} → ${files[1]}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1 class="${verdict}">${capital(VERDICT_WORDS[verdict])}</h1>
<p>${escapeText(report.why)}</p>
<p class="soft"><span class="key baseline"></span>baseline ${escapeText(files[0])}<span class="key candidate"></span>candidate ${escapeText(files[1])} (dashed)</p>
${measuredTable(report)}
${metrics.map(section).join('\n')}
${notes.length > 0 ? `<h2>Notes</h2>\n<ul>${notes.map(note => `<li>${escapeText(note)}</li>`).join('')}</ul>` : ''}
<p><small>α ${report.alpha}, corrected over the metrics by Holm. A regression is sure and larger than the margin; “no regression” means that the interval lies inside the margin.</small></p>
</body>
</html>
`;
}

function measuredTable(report: CompareReport): string {
  const head = [
    'metric',
    'n',
    'baseline',
    'candidate',
    `effect [${confidenceText(report)}]`,
    'margin',
    'severity',
    'verdict',
  ];
  const rows = report.metrics.map(metric => [
    metric.name,
    nText(metric),
    middleText(metric, 0),
    middleText(metric, 1),
    effectText(metric),
    marginText(metric),
    metric.severity,
    VERDICT_WORDS[metric.verdict],
  ]);
  return table(head, rows, report.metrics);
}

function section(metric: MetricReport): string {
  const plots = plotsOf(metric);
  const infinite = metric.values.flat().filter(value => value === Number.POSITIVE_INFINITY).length;
  const tests = table(
    ['p, two-sided', ...TEST_NAMES.map(name => TEST_WORDS[name]), 'decides'],
    [[metric.name, ...TEST_NAMES.map(name => pText(metric.tests[name])), decidedText(metric)]],
  );
  return `<h2>${escapeText(metric.name)} <span class="${metric.verdict}">${VERDICT_WORDS[metric.verdict]}</span></h2>
<p>${escapeText(metric.why)}</p>${metric.histograms ? BUCKETS_NOTE : ''}
${plots.length > 0 ? `<div class="plots">${plots.join('\n')}</div>` : ''}
${infinite > 0 ? `<p class="soft">${infinite} time-outs: the worst rank in every rank test, at the upper edge of the quantiles, not in the histogram.</p>` : ''}
${tests}`;
}

function table(head: string[], rows: string[][], metrics: readonly MetricReport[] = []): string {
  const row = (cells: string[], i: number) => {
    const last = metrics[i] ? ` class="${metrics[i].verdict}"` : '';
    return `<tr>${cells.map((cell, k) => `<td${k === cells.length - 1 ? last : ''}>${escapeText(cell)}</td>`).join('')}</tr>`;
  };
  return `<div class="wide"><table><thead><tr>${head.map(cell => `<th>${escapeText(cell)}</th>`).join('')}</tr></thead><tbody>${rows.map(row).join('')}</tbody></table></div>`;
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}
