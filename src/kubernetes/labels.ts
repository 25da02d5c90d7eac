/**
 * Words that Spillway writes on objects, and how label selectors select. A selector without requirements selects everything,
 * as in Kubernetes; where a kind means nothing by it (a Service), its reader says so.
 */
import type { LabelSelector, Labels, Requirement } from './objects.ts';

/** On everything that Spillway makes: the pipeline, the release, and that it is ours to delete. */
export const PIPELINE = 'spillway.dev/pipeline';
export const RELEASE = 'spillway.dev/release';
export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const SPILLWAY = 'spillway';
/** On pods of a candidate: the first digits of its version. */
export const CANDIDATE = 'spillway.dev/candidate';

/** On an autoscaler whose lower bound is held: what it was, and who holds it. */
export const HOLD = 'spillway.dev/hold';

/** Of a JSON Pointer (RFC 6901). */
export const pointerTo = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1');

export function selects({ matchLabels, matchExpressions }: LabelSelector, labels: Labels): boolean {
  return hasAll(labels, matchLabels) && (matchExpressions ?? []).every(requirement => isMet(requirement, labels));
}

/** As the selector of a Service does: without any label it selects nothing. */
export function selectsPods(selector: Labels | undefined, labels: Labels): boolean {
  return hasSelector(selector) && hasAll(labels, selector);
}

/** Makes nothing, as what follows: with each pass of each release they are asked of every Service of the namespace. */
function hasAll(labels: Labels, wanted: Labels | undefined): boolean {
  for (const key in wanted) if (labels[key] !== wanted[key]) return false;
  return true;
}

export function hasSelector(selector: Labels | undefined): selector is Labels {
  for (const _ in selector) return true;
  return false;
}

/** `matchLabels` is a short form of `In` with one value. */
export function requirementsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Requirement[] {
  const equal = Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In' as const, values: [value] }));
  return [...equal, ...matchExpressions];
}

function isMet({ key, operator, values = [] }: Requirement, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

export const isOurs = (labels: Labels | undefined, pipeline: string) =>
  labels?.[PIPELINE] === pipeline && labels[MANAGED_BY] === SPILLWAY;
