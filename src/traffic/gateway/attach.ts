/**
 * Adds the candidate's reference to a route that knows the baseline alone, with weight 0, and takes it out again: afterwards
 * the rules are what they were. What was there before stands in an annotation of the object itself. A route whose rules name
 * the candidate already is its owner's own, and neither touches it.
 */
import { SpillwayError } from '../../errors.ts';
import type { KubeClient, Operation } from '../../kube/client.ts';
import type { Time } from '../../kube/pause.ts';
import { type Attached, type AttachedRule, attachedOf, recordsOf } from './attached.ts';
import { insist } from './insist.ts';
import {
  ATTACHED,
  type Backend,
  type BackendRef,
  isTo,
  nameOf,
  nameOfBackend,
  type RouteObject,
  type Rule,
} from './object.ts';
import { identityTests, pointer, type Target } from './patch.ts';
import { type SplitRule, shareOf, splitRules } from './split.ts';

export interface Attachment {
  client: KubeClient;
  target: Target;
  /** Monotonic. */
  untilMs: number;
}

/** Idempotent. @returns the object with the reference. @throws SpillwayError as `attachPatch`, and why it cannot be written */
export function attach(attachment: Attachment, time: Time): Promise<RouteObject> {
  return carryOut(attachment, attachPatch, 'was not given', time);
}

/** Idempotent. @returns the object without the reference. @throws SpillwayError as `detachPatch`, and why it cannot be written */
export function detach(attachment: Attachment, time: Time): Promise<RouteObject> {
  return carryOut(attachment, detachPatch, 'was not freed of', time);
}

async function carryOut(
  { client, target, untilMs }: Attachment,
  patchOf: typeof attachPatch,
  how: string,
  time: Time,
): Promise<RouteObject> {
  const { address, candidate } = target;
  const what = `${nameOf(address)} ${how} its reference to ${nameOfBackend(candidate)}`;
  const plan = (found: RouteObject) => patchOf(found, target);
  const isDone = (answer: RouteObject) => plan(answer).length === 0;
  return (await insist({ client, address, what, untilMs, plan, isDone }, time)).object;
}

/**
 * @returns nothing when every rule to split holds the candidate already
 * @throws SpillwayError WEIGHT_REJECTED when no rule holds the baseline, the named rule is missing, or another pipeline's
 * candidate is attached
 */
export function attachPatch(route: RouteObject, target: Target): Operation[] {
  const { address } = target;
  const rules = namedRules(route, target);
  const record = attachedOf(route);
  const split = splitRules(route, target, address.rule);
  const isOurs = record?.candidate === target.candidate.name;
  if (!isOurs && split.length > 0) return [];
  if (record && !isOurs) refuseOthers(route, target, record);
  const wanting = rules.flatMap(one => wantingRule(one, route, target) ?? []);
  if (wanting.length === 0) return [];
  const kept = isOurs ? keptRecords(split, address.rule, record) : [];
  const added = wanting.map(({ index, name, baseline: { weight } }) => recordOf(index, name, weight));
  const next: Attached = {
    candidate: target.candidate.name,
    rules: [...kept, ...added].sort((a, b) => a.index - b.index),
  };
  return [
    annotationGuard(route),
    ...wanting.flatMap(one => [...ruleTests(one), addition(one, route, target)]),
    annotation(route, JSON.stringify(next)),
  ];
}

/**
 * @returns nothing when nothing of ours is attached
 * @throws SpillwayError WEIGHT_REJECTED while the candidate still has a weight
 */
export function detachPatch(route: RouteObject, target: Target): Operation[] {
  const record = attachedOf(route);
  if (record?.candidate !== target.candidate.name) return [];
  const rules = splitRules(route, target, target.address.rule);
  const weight = Math.max(0, ...rules.map(shareOf));
  if (weight > 0)
    throw new SpillwayError(
      'WEIGHT_REJECTED',
      `${nameOf(target.address)} still gives ${nameOfBackend(target.candidate)} ${weight} %: its reference stays.`,
    );
  const records = recordsOf(rules, record);
  const beside = recordsBeside(target.address.rule, record);
  if (beside.length === record.rules.length && rules.length === 0) return [];
  return [
    annotationGuard(route),
    ...rules.flatMap((rule, n) => removal(rule, records[n])),
    beside.length > 0
      ? annotation(route, JSON.stringify({ ...record, rules: beside } satisfies Attached))
      : { op: 'remove', path: pointer(ATTACHED) },
  ];
}

interface WantingRule {
  index: number;
  name: string | undefined;
  refs: readonly BackendRef[];
  /** The baseline's reference, and where it stands. */
  baseline: BackendRef;
  baselineAt: number;
}

/** The rules that may be split, with their places. */
function namedRules(route: RouteObject, { address, baseline }: Target): { rule: Rule; index: number }[] {
  const all = (route.spec?.rules ?? []).map((rule, index) => ({ rule, index }));
  const rules = address.rule === undefined ? all : all.filter(({ rule }) => rule.name === address.rule);
  if (rules.length === 0 && address.rule !== undefined) {
    const names = all.flatMap(({ rule }) => rule.name ?? []);
    const there = names.length > 0 ? `its rules are ${names.join(', ')}` : 'none of its rules has a name';
    throw refused(`${nameOf(address)} has no rule named ${address.rule}: ${there}.`);
  }
  const holds = rules.some(({ rule: { backendRefs = [] } }) =>
    backendRefs.some(ref => isTo(ref, baseline, route.metadata.namespace)),
  );
  if (holds) return rules;
  const where = address.rule === undefined ? 'in any rule' : `in the rule ${address.rule}`;
  throw refused(`${nameOf(address)} does not send to ${nameOfBackend(baseline)} ${where}.`);
}

/** A rule that holds the baseline and not the candidate. */
function wantingRule(
  { rule: { name, backendRefs: refs = [] }, index }: { rule: Rule; index: number },
  { metadata: { namespace } }: RouteObject,
  { address, baseline, candidate }: Target,
): WantingRule | undefined {
  if (refs.some(ref => isTo(ref, candidate, namespace))) return undefined;
  const [first, ...more] = refs.flatMap((ref, at) => (isTo(ref, baseline, namespace) ? [at] : []));
  if (first === undefined) return undefined;
  if (more.length > 0)
    throw refused(
      `${nameOf(address)} names ${nameOfBackend(baseline)} twice in rule ${name ?? index}: name a port, or leave one reference.`,
    );
  return { index, name, refs, baseline: refs[first]!, baselineAt: first };
}

function refuseOthers({ spec }: RouteObject, { address, candidate }: Target, record: Attached): void {
  const isThere = spec?.rules?.some(({ backendRefs }) => backendRefs?.some(({ name }) => name === record.candidate));
  if (!isThere) return; // left behind by somebody whose reference is gone
  throw refused(
    `${nameOf(address)} has ${record.candidate} attached, and cannot take ${candidate.name} too: one route is one pipeline's.`,
  );
}

const refused = (message: string) =>
  new SpillwayError('WEIGHT_REJECTED', message, {
    hint: 'Compare the route and the rule that the pipeline names with the object: `kubectl get httproute NAME -o yaml`.',
  });

/** What is known of rules that hold the reference still: GitOps may have taken it out of some. */
function keptRecords(split: readonly SplitRule[], rule: string | undefined, record: Attached): AttachedRule[] {
  const held = recordsOf(split, record).flatMap((one, n) => (one ? [{ ...one, index: split[n]!.index }] : []));
  return [...held, ...recordsBeside(rule, record)];
}

/** Of the other rules, where a pipeline names several rules of one object. */
function recordsBeside(rule: string | undefined, { rules }: Attached): AttachedRule[] {
  return rule === undefined ? [] : rules.filter(({ name }) => name !== rule);
}

const recordOf = (index: number, name: string | undefined, weight: number | undefined): AttachedRule => ({
  index,
  ...(name === undefined ? {} : { name }),
  ...(weight === undefined ? {} : { weight }),
});

const placeOf = (index: number) => `/spec/rules/${index}`;

function ruleTests({ index, name, baseline, baselineAt }: WantingRule): Operation[] {
  const place = placeOf(index);
  const named: Operation[] = name === undefined ? [] : [{ op: 'test', path: `${place}/name`, value: name }];
  // The weight too: it is what the annotation keeps.
  const weight = weightTest(`${place}/backendRefs/${baselineAt}`, baseline.weight ?? null);
  return [...named, ...identityTests(`${place}/backendRefs/${baselineAt}`, baseline), weight];
}

const weightTest = (place: string, value: number | null): Operation => ({ op: 'test', path: `${place}/weight`, value });

/** At the end of the list, whatever others put there meanwhile. */
function addition({ index, baseline }: WantingRule, { metadata }: RouteObject, { candidate }: Target): Operation {
  const value = { ...structuredClone(baseline), ...fieldsOf(candidate), weight: 0 } as BackendRef;
  // What the baseline's reference says and the candidate's backend does not: it is of the default kind, then.
  if (!isTo(value, candidate, metadata.namespace)) {
    for (const field of ['group', 'kind', 'namespace'] as const)
      if (candidate[field] === undefined) delete value[field];
  }
  return { op: 'add', path: `${placeOf(index)}/backendRefs/-`, value };
}

function fieldsOf(candidate: Backend): Backend {
  return Object.fromEntries(Object.entries(candidate).filter(([, value]) => value !== undefined)) as unknown as Backend;
}

/** The last reference goes first: the places of those before it stay. */
function removal({ index, name, refs, baselineAt, candidateAt }: SplitRule, record?: AttachedRule): Operation[] {
  const place = placeOf(index);
  const named: Operation[] = name === undefined ? [] : [{ op: 'test', path: `${place}/name`, value: name }];
  const at = baselineAt[0]!;
  const removed = candidateAt.toReversed().flatMap((i): Operation[] => {
    const path = `${place}/backendRefs/${i}`;
    return [...identityTests(path, refs[i]!), weightTest(path, refs[i]!.weight ?? null), { op: 'remove', path }];
  });
  const restored = record === undefined ? [] : restoration(`${place}/backendRefs/${at}`, refs[at]!, record.weight);
  return [...named, ...restored, ...removed];
}

function restoration(path: string, ref: BackendRef, weight: number | undefined): Operation[] {
  if (ref.weight === weight) return [];
  const tests = identityTests(path, ref);
  if (weight === undefined) return [...tests, { op: 'remove', path: `${path}/weight` }];
  return [...tests, { op: 'add', path: `${path}/weight`, value: weight }];
}

/** That nobody attached or detached since we looked. Kubernetes takes null for "is not there". */
function annotationGuard({ metadata: { annotations } }: RouteObject): Operation {
  if (annotations === undefined) return { op: 'test', path: '/metadata/annotations', value: null };
  return { op: 'test', path: pointer(ATTACHED), value: annotations[ATTACHED] ?? null };
}

function annotation({ metadata: { annotations } }: RouteObject, value: string): Operation {
  if (annotations === undefined) return { op: 'add', path: '/metadata/annotations', value: { [ATTACHED]: value } };
  return { op: 'add', path: pointer(ATTACHED), value };
}
