/** Words and numbers that the table, the Markdown and the page have in common. Plain text: each output escapes for itself. */
import { figure } from '../../analysis/phrases.ts';
import type { Verdict } from '../../analysis/verdict.ts';
import { type BinnedSample, binnedQuantile, quantileOfSorted } from '../../stats/index.ts';
import type { TEST_NAMES, TestAnswer } from './five-tests.ts';
import type { CompareReport, MetricReport } from './report.ts';

export const VERDICT_WORDS: Readonly<Record<Verdict['kind'], string>> = {
  pass: 'no regression',
  fail: 'regression',
  inconclusive: 'inconclusive',
};

export const TEST_WORDS: Readonly<Record<(typeof TEST_NAMES)[number], string>> = {
  student: 'Student',
  welch: 'Welch',
  mannWhitney: 'Mann–Whitney',
  brunnerMunzel: 'Brunner–Munzel',
  kolmogorovSmirnov: 'Kolmogorov–Smirnov',
};

const DECIDING: Readonly<Record<string, string>> = {
  ...TEST_WORDS,
  fisherExact: 'Fisher exact',
  mcNemar: 'McNemar',
  signFlip: 'sign-flip permutation',
};

/** What lies in the middle of an arm: the median, or of scores the mean, or of yes and no the share. */
export function middleText(metric: MetricReport, arm: 0 | 1): string {
  if (metric.histograms) return middleBucketText(metric.histograms[arm], metric);
  const values = metric.values[arm];
  if (values.length === 0) return '–';
  if (metric.effect.kind === 'ratio') return withUnit(quantileOfSorted(Float64Array.from(values).sort(), 0.5), metric);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return isPassFail(metric) ? `${figure(100 * mean)} %` : `mean ${figure(mean)}`;
}

/** The bucket of the median. */
function middleBucketText(histogram: BinnedSample, metric: MetricReport): string {
  const { status, low, high } = binnedQuantile(histogram, 0.5);
  if (status !== 'ok') return '–';
  if (high === Number.POSITIVE_INFINITY) return `> ${withUnit(low, metric)}`;
  return low === Number.NEGATIVE_INFINITY ? `≤ ${withUnit(high, metric)}` : `${figure(low)}–${withUnit(high, metric)}`;
}

export function isPassFail({ values, histograms, effect }: MetricReport): boolean {
  if (histograms) return false;
  return effect.kind === 'difference' && values.every(arm => arm.every(value => value === 0 || value === 1));
}

export function withUnit(value: number, { unit }: Pick<MetricReport, 'unit'>): string {
  return unit === undefined ? figure(value) : `${figure(value)} ${unit}`;
}

export function effectText({ effect: { kind, value, interval } }: MetricReport): string {
  if (value === null) return '–';
  const scale = kind === 'ratio' ? 1 : 100;
  const [low, high] = interval.map(end => (end === null ? '∞' : figure(scale * end)));
  const open = interval[0] === null && interval[1] === null;
  const range = open ? '[no bound]' : `[${interval[0] === null ? `−${low}` : low}, ${high}]`;
  return kind === 'ratio'
    ? `× ${figure(value)} ${range}`
    : `${value > 0 ? '+' : ''}${figure(100 * value)} points ${range}`;
}

/** A p below what a double can hold is told by its logarithm, never as 0. */
export function pText({ p, log10P }: TestAnswer = {}): string {
  if (typeof p !== 'number') return '–';
  if (p > 0 || typeof log10P !== 'number') return figure(p);
  const exponent = Math.floor(log10P);
  return `${(10 ** (log10P - exponent)).toFixed(1)}e${exponent}`;
}

export function decidedText({ decidedBy }: MetricReport): string {
  return decidedBy ? `${DECIDING[decidedBy.test] ?? decidedBy.test}, p = ${figure(decidedBy.p)}` : '–';
}

export function marginText({ effect, minEffect }: MetricReport): string {
  const unit = effect.kind === 'ratio' ? '%' : minEffect === 0.01 ? 'point' : 'points';
  return `${figure(100 * minEffect)} ${unit}`;
}

export function nText({ n, isPaired }: MetricReport): string {
  return isPaired ? `${n.baseline} cases` : `${n.baseline} v ${n.candidate}`;
}

export function confidenceText({ alpha }: CompareReport): string {
  return `${figure(100 * (1 - alpha))} %`;
}

/** Names come from files: no control characters reach a terminal. */
export function clean(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
