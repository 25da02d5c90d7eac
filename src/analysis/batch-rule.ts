/**
 * The rule of the batch verdict for one metric, in order: data that cannot be trusted, samples too few to say anything,
 * no variation at all, then sure and larger than the margin (fail), surely inside it (pass), else inconclusive. Not
 * significant is never a pass by itself.
 */
import type { MetricPlan } from '../config/plan.ts';
import { type Comparison, leastRankP } from './comparison.ts';
import { effectPhrase, figure } from './phrases.ts';
import { atLeastLow, severityOfDrop, severityOfRatio } from './severity.ts';
import type { InconclusiveCode, MetricEvidence } from './verdict.ts';

export type Finding =
  | { kind: 'pass' | 'fail'; evidence: MetricEvidence }
  | { kind: 'inconclusive'; code: InconclusiveCode; evidence: MetricEvidence };

/** A metric that cannot be compared at all. */
export function withoutComparison(
  metric: MetricPlan,
  n: MetricEvidence['n'],
  code: InconclusiveCode,
  reason: string,
): Finding {
  const effect: MetricEvidence['effect'] = { kind: 'ratio', value: null, interval: [null, null] };
  return {
    kind: 'inconclusive',
    code,
    evidence: { name: metric.name, n, effect, severity: 'none', why: `${metric.name}: ${reason}` },
  };
}

/** Whether this many samples could ever call the metric worse. All alike needs no test. */
export function canBeSure({ leastP, allTied }: Comparison, alpha: number): boolean {
  return allTied || leastP <= alpha;
}

/** @param adjustedP the primary p-value after Holm; remark: what was left out, for the end of the sentence */
export function ruleOn(
  metric: MetricPlan,
  found: Comparison,
  { alpha, adjustedP, remark }: { alpha: number; adjustedP: number; remark: string },
): Finding {
  const evidence = evidenceOf(metric, found, adjustedP);
  const say = (text: string) => ({ ...evidence, why: `${metric.name}: ${text}${remark}` });
  const n = `n = ${found.n.baseline} v ${found.n.candidate}`;
  if (found.allTied)
    return { kind: 'pass', evidence: { ...say(`no value differs, ${n}: equal is not worse`), severity: 'none', p: 1 } };
  if (!canBeSure(found, alpha)) {
    const text = `${n} can give no p-value below ${figure(found.leastP)}; alpha ${figure(alpha)} needs ${neededFor(found, alpha)}`;
    return { kind: 'inconclusive', code: 'notEnoughData', evidence: say(text) };
  }
  const { low, high, margin } = found.harm;
  const numbers = `${effectPhrase(found.effect)}, p = ${figure(adjustedP)} (${found.primary}), ${n}`;
  if (adjustedP <= alpha && low > margin)
    return { kind: 'fail', evidence: { ...say(numbers), severity: atLeastLow(evidence.severity) } };
  if (high < margin) return { kind: 'pass', evidence: say(numbers) };
  const text = `${numbers}: neither beyond nor inside the margin of ${marginPhrase(found)}${found.limit === undefined ? moreSamples(found) : found.limit && `; ${found.limit}`}`;
  return { kind: 'inconclusive', code: 'notEnoughData', evidence: say(text) };
}

function evidenceOf(metric: MetricPlan, found: Comparison, p: number): MetricEvidence {
  const { effect, harm } = found;
  const isRatio = effect.kind === 'ratio';
  return {
    name: metric.name,
    n: found.n,
    effect: { kind: effect.kind, value: effect.value, interval: [effect.low, effect.high] },
    severity: isRatio ? severityOfRatio(Math.exp(harm.low)) : severityOfDrop(harm.low),
    p,
    tests: found.tests,
    why: '',
  };
}

function marginPhrase({ effect, harm }: Comparison): string {
  return effect.kind === 'ratio' ? `${figure(100 * Math.expm1(harm.margin))} %` : `${figure(100 * harm.margin)} points`;
}

/** How many samples would have had to agree completely. */
function neededFor(found: Comparison, alpha: number): string {
  const isPaired = found.primary === 'signFlip' || found.primary === 'mcNemar';
  const least = (n: number) => (isPaired ? 0.5 ** n : leastRankP(n, n));
  let n = 1;
  while (least(n) > alpha) n++;
  return isPaired ? `at least ${n} cases` : `at least ${n} samples an arm`;
}

/** The interval shrinks as 1/√n: how far it is from clearing the margin says how many samples may be missing. */
function moreSamples({ harm, n }: Comparison): string {
  const half = (harm.high - harm.low) / 2;
  const away = Math.abs(harm.value - harm.margin);
  if (!(half > 0 && Number.isFinite(half)) || away < half / 30) return '';
  const wanted = Math.ceil(Math.max(n.baseline, n.candidate) * (half / away) ** 2);
  return `; about ${wanted} samples an arm would tell if the change is as it looks`;
}
