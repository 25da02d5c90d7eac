/**
 * Compares two finished sets of samples, metric by metric: a change is a regression only when it is statistically sure
 * and larger than the metric's `minEffect`. One primary test a metric, named before the data, corrected by Holm over the
 * metrics; the others are shown. Pure: randomness for permutation tests comes in, so that a comparison can be repeated.
 */
import type { MetricPlan, RegressionPlan } from '../config/plan.ts';
import { cauchyCombination, holm } from '../stats/battery.ts';
import { compareBinned } from './batch-binned.ts';
import { cleanBins, sizeOf } from './batch-bins.ts';
import { cleanSamples, samplesNamed } from './batch-data.ts';
import { comparePaired } from './batch-paired.ts';
import { canBeSure, type Finding, ruleOn, withoutComparison } from './batch-rule.ts';
import { compareUnpaired } from './batch-unpaired.ts';
import type { Comparison, ComparisonOptions } from './comparison.ts';
import type { Samples } from './sample.ts';
import { isWorse } from './severity.ts';
import type { InconclusiveCode, Verdict, VerdictBody } from './verdict.ts';

const MOST_INVALID_SHARE = 0.01;
/** Of several reasons to doubt, the one that makes the others pointless comes first. */
const CODES: readonly InconclusiveCode[] = ['invalidData', 'notEnoughData'];

type Step = { metric: MetricPlan; finding: Finding } | { metric: MetricPlan; found: Comparison; remark: string };

/** One metric of a comparison: what was said of it, and the test behind that where there was one. */
export interface JudgedMetric {
  finding: Finding;
  found: Comparison | null;
}

/**
 * @param random uniform in [0, 1): for sign-flip permutations beyond 20 cases
 * @throws RangeError when `caseIds` and `values` of a metric differ in length
 */
export function compareBatch(
  baseline: Samples,
  candidate: Samples,
  plan: RegressionPlan,
  random: () => number,
): Verdict {
  return judgeBatch(baseline, candidate, plan, random).verdict;
}

/** As `compareBatch`, with what was said of each metric, in the order of the plan: for reports that show more than a verdict. */
export function judgeBatch(
  baseline: Samples,
  candidate: Samples,
  plan: RegressionPlan,
  random: () => number,
): { verdict: Verdict; metrics: JudgedMetric[] } {
  const steps = plan.metrics.map(metric => compareMetric(metric, baseline, candidate, { plan, random }));
  const tested = steps.flatMap(step =>
    'found' in step && !step.found.allTied && canBeSure(step.found, plan.alpha) ? [step.found] : [],
  );
  const adjusted = holm(tested.map(found => found.p));
  const metrics = steps.map((step): JudgedMetric => {
    if ('finding' in step) return { finding: step.finding, found: null };
    const adjustedP = adjusted[tested.indexOf(step.found)] ?? 1;
    const finding = ruleOn(step.metric, step.found, { alpha: plan.alpha, adjustedP, remark: step.remark });
    return { finding, found: step.found };
  });
  const findings = metrics.map(({ finding }) => finding);
  return { verdict: overall(findings, plan, tested), metrics };
}

function compareMetric(
  metric: MetricPlan,
  baseline: Samples,
  candidate: Samples,
  { plan, random }: { plan: RegressionPlan; random: () => number },
): Step {
  const [x, y] = [samplesNamed(baseline, metric.name), samplesNamed(candidate, metric.name)];
  const n = { baseline: x ? sizeOf(x) : 0, candidate: y ? sizeOf(y) : 0 };
  if (!x || !y || n.baseline === 0 || n.candidate === 0) {
    const reason =
      n.baseline + n.candidate === 0 ? 'not measured' : `nothing to compare with, n = ${n.baseline} v ${n.candidate}`;
    return { metric, finding: withoutComparison(metric, n, 'notEnoughData', reason) };
  }
  const clean = x.histogram || y.histogram ? cleanBins(metric, x, y) : cleanSamples(metric, x, y);
  if (typeof clean === 'string') return { metric, finding: withoutComparison(metric, n, 'invalidData', clean) };
  if (clean.invalid > MOST_INVALID_SHARE * clean.offered) {
    const reason = `${clean.invalid} of ${clean.offered} values are not valid (NaN, negative or out of range)`;
    return { metric, finding: withoutComparison(metric, n, 'invalidData', reason) };
  }
  const options: ComparisonOptions = {
    worse: metric.direction === 'lowerIsBetter' ? 'higher' : 'lower',
    minEffect: metric.minEffect,
    alpha: plan.alpha,
  };
  const pairs = 'pairs' in clean ? clean.pairs : null;
  const found = pairs
    ? comparePaired(pairs, clean.scale, options, random)
    : 'pairs' in clean
      ? compareUnpaired(clean, options)
      : compareBinned(clean, options);
  const remarks = [
    clean.invalid > 0 ? `invalid values left out: ${clean.invalid}` : '',
    pairs && pairs.unmatched > 0 ? `${pairs.unmatched} cases ran on one arm only` : '',
  ].filter(Boolean);
  return { metric, found, remark: remarks.length > 0 ? ` (${remarks.join(', ')})` : '' };
}

function overall(findings: readonly Finding[], plan: RegressionPlan, tested: readonly Comparison[]): Verdict {
  const body: VerdictBody = { reason: '', metrics: findings.map(finding => finding.evidence), ...consensusOf(tested) };
  const worst = findings
    .filter(finding => finding.kind === 'fail')
    .reduce<Finding | undefined>(
      (a, b) => (a && !isWorse(b.evidence.severity, a.evidence.severity) ? a : b),
      undefined,
    );
  if (worst)
    return { ...body, kind: 'fail', metric: worst.evidence.name, trigger: 'performance', reason: worst.evidence.why };
  const doubts = findings.flatMap((finding, i) =>
    finding.kind === 'inconclusive' && plan.metrics[i]!.required && !isLiveOnly(finding) ? [finding] : [],
  );
  const first = [...doubts].sort((a, b) => CODES.indexOf(a.code) - CODES.indexOf(b.code))[0];
  if (first) return { ...body, kind: 'inconclusive', code: first.code, reason: first.evidence.why };
  const compared = findings.filter(finding => finding.kind === 'pass').map(finding => finding.evidence.name);
  if (compared.length === 0)
    return { ...body, kind: 'inconclusive', code: 'notEnoughData', reason: 'no metric could be compared' };
  const open = findings.filter(finding => finding.kind === 'inconclusive').map(finding => finding.evidence.name);
  const rest = open.length > 0 ? `; not told, and not required: ${open.join(', ')}` : '';
  return { ...body, kind: 'pass', reason: `not worse beyond the margins: ${compared.join(', ')}${rest}` };
}

/** A suite ends a case with an error or grades it: a rate of errors is known of live traffic only. */
function isLiveOnly({ evidence: { name, n } }: Finding): boolean {
  return name === 'errors' && n.baseline + n.candidate === 0;
}

/** One number for people: the weighted Cauchy combination within each metric, then over the metrics. Decides nothing. */
function consensusOf(tested: readonly Comparison[]): Pick<VerdictBody, 'consensus'> {
  if (tested.length === 0) return {};
  const combined = tested.map(({ opinions }) => combine(opinions));
  const p = combine(combined.map(value => ({ p: value, weight: 1 })));
  return { consensus: { p, score: 1 - p } };
}

function combine(opinions: readonly { p: number; weight: number }[]): number {
  const total = opinions.reduce((sum, { weight }) => sum + weight, 0);
  return cauchyCombination(
    opinions.map(({ p }) => p),
    opinions.map(({ weight }) => weight / total),
  ).p;
}
