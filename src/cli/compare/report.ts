/**
 * The result of a comparison as every output shows it: table, Markdown, page and JSON read this and nothing else. Words the
 * two reasons that the rule cannot know: a file without samples, and arms too small to ever tell.
 */
import { type JudgedMetric, judgeBatch } from '../../analysis/batch.ts';
import { canBeSure } from '../../analysis/batch-rule.ts';
import { figure } from '../../analysis/phrases.ts';
import type { MetricEvidence, Verdict } from '../../analysis/verdict.ts';
import type { MetricPlan } from '../../config/plan.ts';
import { type BinnedSample, seededRandom } from '../../stats/index.ts';
import { canFail, fewestThatCanFail, type Shape } from './fewest.ts';
import { comparedSamples, fiveTests, type TestAnswer } from './five-tests.ts';
import type { Matched } from './plan.ts';

export interface MetricReport {
  name: string;
  unit?: string;
  n: MetricEvidence['n'];
  effect: MetricEvidence['effect'];
  severity: MetricEvidence['severity'];
  verdict: Verdict['kind'];
  /** One sentence. */
  why: string;
  /** The test that decided, and its p after Holm; null where none was made. */
  decidedBy: { test: string; p: number } | null;
  minEffect: number;
  tests: Record<string, TestAnswer>;
  /** What was compared, of the baseline and of the candidate. */
  values: [baseline: readonly number[], candidate: readonly number[]];
  /** In their place, in common buckets, where an arm came as a histogram. */
  histograms?: [baseline: BinnedSample, candidate: BinnedSample];
  isPaired: boolean;
}

export interface CompareReport {
  files: [baseline: string, candidate: string];
  verdict: Verdict['kind'];
  why: string;
  alpha: number;
  metrics: MetricReport[];
  consensus: { p: number | null; score: number | null };
  notes: readonly string[];
}

export function compareReport(matched: Matched, files: [string, string]): CompareReport {
  const { baseline, candidate, plan, notes } = matched;
  const { verdict, metrics } = judgeBatch(baseline, candidate, plan, seededRandom(1));
  const reports = metrics.map((judged, i) => metricReport(matched, plan.metrics[i]!, judged));
  const said = metrics.findIndex(({ finding }) => finding.evidence.why === verdict.reason);
  return {
    files,
    verdict: verdict.kind,
    why: reports[said]?.why ?? verdict.reason,
    alpha: plan.alpha,
    metrics: reports,
    consensus: verdict.consensus ?? { p: null, score: null },
    notes,
  };
}

function metricReport(matched: Matched, metric: MetricPlan, { finding, found }: JudgedMetric): MetricReport {
  const { evidence, kind } = finding;
  const compared = comparedSamples(matched, metric);
  const isPaired = found?.primary === 'signFlip' || found?.primary === 'mcNemar';
  const five = fiveTests(compared);
  const decides = found && canBeSure(found, matched.plan.alpha) ? found : null;
  const primary = found ? { test: found.primary, pHolm: decides ? (evidence.p ?? null) : null } : null;
  return {
    name: metric.name,
    ...(metric.unit === undefined ? {} : { unit: metric.unit }),
    n: evidence.n,
    effect: evidence.effect,
    severity: evidence.severity,
    verdict: kind,
    why: compared.histograms ? evidence.why : whyOf(matched, metric, { finding, found }, compared.values),
    decidedBy: decides ? { test: decides.primary, p: evidence.p ?? decides.p } : null,
    minEffect: metric.minEffect,
    tests: {
      ...five,
      ...(primary ? { primary: { ...evidence.tests?.[found!.primary], ...evidence.tests?.primary, ...primary } } : {}),
      ...Object.fromEntries(
        Object.entries(evidence.tests ?? {}).filter(([name]) => !(name in five) && name !== 'primary'),
      ),
    },
    ...compared,
    isPaired,
  };
}

function whyOf(
  { unsampled, plan }: Matched,
  metric: MetricPlan,
  { finding, found }: JudgedMetric,
  values: readonly (readonly number[])[],
): string {
  const { evidence, kind } = finding;
  const missing = unsampled.get(metric.name);
  if (kind !== 'inconclusive') return evidence.why;
  if (missing !== undefined) return `${metric.name}: ${missing}`;
  const { n } = evidence;
  if (!found || Math.max(n.baseline, n.candidate) === 0) return evidence.why;
  const isRatio = evidence.effect.kind === 'ratio';
  const shape: Shape = {
    metric,
    isRatio,
    isPassFail: !isRatio && values.every(arm => arm.every(value => value === 0 || value === 1)),
    isPaired: found.primary === 'signFlip' || found.primary === 'mcNemar',
    alpha: plan.alpha,
    among: plan.metrics.length,
  };
  if (Math.min(n.baseline, n.candidate) > 50 || canFail(n.baseline, shape, n.candidate)) return evidence.why;
  const fewest = fewestThatCanFail(shape);
  const size = shape.isPaired
    ? `n = ${n.baseline} cases`
    : n.baseline === n.candidate
      ? `n = ${n.baseline} per arm`
      : `n = ${n.baseline} v ${n.candidate}`;
  const enough =
    fewest === undefined ? '' : `; ${fewest}${shape.isPaired || n.baseline === n.candidate ? '' : ' per arm'} can`;
  return `${metric.name}: ${size} cannot reach p < ${figure(plan.alpha)}${enough}`;
}

/** The document of `compare --json`. */
export function compareDocument(report: CompareReport): object {
  return {
    verdict: report.verdict,
    why: report.why,
    metrics: report.metrics.map(({ name, n, effect, severity, tests }) => ({ name, n, effect, severity, tests })),
    consensus: report.consensus,
  };
}
