/**
 * One grader on one answer, and all graders of a case together. A grader that cannot decide (a value that cannot be
 * rendered, a pattern that takes for ever) fails in the plain and in the negated form alike: not knowing is never a pass.
 */
import type { CasePlan, GraderPlan, Json } from '../../config/plan.ts';
import type { GraderResult } from '../outcome.ts';
import { renderValue, type Vars } from '../template.ts';
import { contains, containsAll, containsAny } from './contains.ts';
import { equals } from './equals.ts';
import type { Finding } from './finding.ts';
import { matchesPattern, type PatternMatcher } from './regex.ts';
import { startsWith } from './starts-with.ts';

interface CaseGrade {
  pass: boolean;
  /** 0 to 1. */
  score: number;
  graders: GraderResult[];
}

export function gradeCase(
  plan: CasePlan,
  output: string,
  vars: Vars,
  matcher: PatternMatcher,
): CaseGrade | Promise<CaseGrade> {
  const found = plan.graders.map(grader => grade(grader, output, vars, matcher));
  // Most cases need no thread: they are graded without a turn of the event loop.
  if (found.every(result => !(result instanceof Promise))) return aggregate(plan, found as GraderResult[]);
  return Promise.all(found).then(graders => aggregate(plan, graders));
}

/** score = Σ score·weight ÷ Σ weight; passes when all weighted graders pass or, with a threshold, when the score reaches it. */
export function aggregate(plan: Pick<CasePlan, 'threshold'>, graders: GraderResult[]): CaseGrade {
  let total = 0;
  let weights = 0;
  let allPass = true;
  for (const { score, weight, pass } of graders) {
    total += score * weight;
    weights += weight;
    if (weight > 0 && !pass) allPass = false;
  }
  // Nothing that counts was asked of the answer: having one is enough.
  const score = weights === 0 ? 1 : total / weights;
  return { pass: plan.threshold === undefined ? allPass : score >= plan.threshold - 1e-9, score, graders };
}

export function grade(
  plan: GraderPlan,
  output: string,
  vars: Vars,
  matcher: PatternMatcher,
): GraderResult | Promise<GraderResult> {
  let value: Json;
  try {
    value = renderValue(plan.value, vars);
  } catch (error) {
    return resultOf(plan, { decided: false, reason: `value: ${(error as Error).message}` });
  }
  const finding = find(plan, value, output, matcher);
  if (finding instanceof Promise) return finding.then(found => resultOf(plan, found));
  return resultOf(plan, finding);
}

function find(plan: GraderPlan, value: Json, output: string, matcher: PatternMatcher): Finding | Promise<Finding> {
  switch (plan.type) {
    case 'equals':
      return equals(output, value);
    case 'contains':
      return contains(output, value, false);
    case 'icontains':
      return contains(output, value, true);
    case 'contains-all':
      return containsAll(output, value, false);
    case 'icontains-all':
      return containsAll(output, value, true);
    case 'contains-any':
      return containsAny(output, value, false);
    case 'icontains-any':
      return containsAny(output, value, true);
    case 'starts-with':
      return startsWith(output, value);
    case 'regex':
      return matchesPattern(output, value, matcher);
  }
}

function resultOf(plan: GraderPlan, finding: Finding): GraderResult {
  const pass = finding.decided && finding.holds !== plan.not;
  return {
    type: plan.not ? `not-${plan.type}` : plan.type,
    pass,
    score: pass ? 1 : 0,
    reason: finding.reason,
    weight: plan.weight,
    ...(plan.metric === undefined ? {} : { metric: plan.metric }),
  };
}
