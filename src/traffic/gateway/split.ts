/**
 * The two backends of a release in one rule, and the weights that give the candidate its share. What the pair has together
 * stays what it is beside other teams' backends, whose weights are never touched. Pure.
 */
import { type Backend, type BackendRef, isTo, type RouteObject, type Rule } from './object.ts';

export interface Pair {
  baseline: Backend;
  candidate: Backend;
}

/** One rule that is split. Indices are those of the object it was read from. */
export interface SplitRule {
  index: number;
  name: string | undefined;
  refs: readonly BackendRef[];
  baselineAt: readonly number[];
  candidateAt: readonly number[];
  /** Summed weight of both backends, and of all others. */
  pairWeight: number;
  othersWeight: number;
}

/** Largest miss of a share by rounding that a raise may make, in percent points. */
const ROUNDING_MAX = 0.5;
const weightOf = ({ weight = 1 }: BackendRef) => weight;
const sum = (refs: readonly BackendRef[]) => refs.reduce((total, ref) => total + weightOf(ref), 0);

/** The named rule, or every one that holds both backends; what holds one of them only is somebody's own routing. */
export function splitRules(route: RouteObject, pair: Pair, ruleName?: string): SplitRule[] {
  const rules = (route.spec?.rules ?? []).map((rule, index) => splitRule(rule, index, pair, route.metadata.namespace));
  return rules.filter(
    ({ name, baselineAt, candidateAt }) =>
      baselineAt.length > 0 && candidateAt.length > 0 && (ruleName === undefined || name === ruleName),
  );
}

function splitRule(rule: Rule, index: number, pair: Pair, namespace: string | undefined): SplitRule {
  const refs = rule.backendRefs ?? [];
  const at = (backend: Backend) => refs.flatMap((ref, i) => (isTo(ref, backend, namespace) ? [i] : []));
  const baselineAt = at(pair.baseline);
  const candidateAt = at(pair.candidate);
  const isPair = (i: number) => baselineAt.includes(i) || candidateAt.includes(i);
  return {
    index,
    name: rule.name,
    refs,
    baselineAt,
    candidateAt,
    pairWeight: sum(refs.filter((_, i) => isPair(i))),
    othersWeight: sum(refs.filter((_, i) => !isPair(i))),
  };
}

/** Percent of the pair's requests that the candidate gets now, 0 to 100; 0 when the pair gets none. */
export function shareOf({ refs, candidateAt, pairWeight }: SplitRule): number {
  return pairWeight === 0 ? 0 : (100 * sum(candidateAt.map(i => refs[i]!))) / pairWeight;
}

/**
 * Weights of the pair's references, by index, for a share in integer percent. Alone in a rule the pair has 100 together;
 * beside other backends with a weight it keeps its sum, and the share is rounded to what that sum can say.
 */
export function weightsFor(rule: SplitRule, share: number): Map<number, number> {
  const total = rule.othersWeight > 0 ? rule.pairWeight : 100;
  const candidate = Math.round((total * share) / 100);
  const weights = new Map<number, number>();
  // A second reference to the same backend has filters of its own; a raise refuses that, a rollback empties all of them.
  for (const [n, i] of rule.candidateAt.entries()) weights.set(i, n === 0 ? candidate : 0);
  for (const [n, i] of rule.baselineAt.entries()) weights.set(i, n === 0 ? total - candidate : 0);
  return weights;
}

/** Why the rule cannot be given the share, in words; undefined when it can. */
export function whyNotSplit(rule: SplitRule, share: number): string | undefined {
  const called = rule.name === undefined ? `rule ${rule.index}` : `rule ${rule.name}`;
  if (rule.baselineAt.length > 1 || rule.candidateAt.length > 1)
    return `${called} names one of the two backends twice; name a port, or leave one reference`;
  if (rule.othersWeight === 0) return undefined;
  const { pairWeight } = rule;
  const given = pairWeight === 0 ? 0 : (100 * Math.round((pairWeight * share) / 100)) / pairWeight;
  if (Math.abs(given - share) <= ROUNDING_MAX) return undefined;
  return `${called} has other backends, and a summed weight of ${pairWeight} cannot be split at ${share} %; multiply all its weights by 100`;
}
