/**
 * What has to be written into a route for a weight: a JSON Patch of the weights and two annotations, and of nothing else,
 * because rules and backendRefs are atomic lists in which other teams have their own. Every index is guarded by a test of
 * what stands there. Pure; what may not be written is refused here, before anything is sent.
 */
import { SpillwayError } from '../../errors.ts';
import type { Operation } from '../../kube/client.ts';
import type { Route } from '../router.ts';
import {
  type BackendRef,
  EPOCH,
  epochOf,
  nameOf,
  nameOfBackend,
  type RouteAddress,
  type RouteObject,
  TOMBSTONE,
  tombstoneOf,
} from './object.ts';
import { type Pair, type SplitRule, shareOf, splitRules, weightsFor, whyNotSplit } from './split.ts';

/** What a route is asked to say: a `Route` is one. The same weight is wanted of every rule that is split. */
export type WeightOrder = Pick<Route, 'releaseId' | 'weight' | 'epoch' | 'rolledBack'>;

export interface Target extends Pair {
  address: RouteAddress;
}

export interface WeightPatch {
  /** Empty when the route says already what is wanted. */
  operations: Operation[];
  /** Some rule gives the candidate more than now. */
  isRaise: boolean;
  /** The weights are as wanted, whatever the annotations say. */
  isObeyed: boolean;
}

/** A rollback leaves a tombstone and no weight; it waits for nobody. */
export function isRollback({ weight, rolledBack }: WeightOrder): boolean {
  return weight === 0 && rolledBack !== null;
}

/**
 * @throws SpillwayError EPOCH_STALE when a newer epoch or a tombstone is in force (never for a rollback);
 * WEIGHT_REJECTED when the route cannot be split so
 */
export function weightPatch(route: RouteObject, target: Target, order: WeightOrder): WeightPatch {
  const rules = splitRules(route, target, target.address.rule);
  const weights = rules.flatMap(rule => weightOperations(rule, order.weight));
  const isRaise = rules.some(rule => order.weight > shareOf(rule) && weightOperations(rule, order.weight).length > 0);
  if (!isRollback(order)) refuseStale(route, target, order);
  if (order.weight > 0) refuseUnsplit(rules, target, order.weight);
  const annotations = annotationOperations(route, order);
  if (weights.length === 0 && annotations.length === 0) return { operations: [], isRaise: false, isObeyed: true };
  // Weight 0 goes ahead of everyone: a guard that fails would cost it a round trip.
  const guards = order.weight > 0 ? [epochGuard(route)] : [];
  const operations = [...guards, ...weights, ...annotations];
  return { operations, isRaise, isObeyed: weights.length === 0 };
}

/** @throws SpillwayError EPOCH_STALE when a newer epoch, or for a weight a tombstone, is in force */
export function refuseStale(route: RouteObject, { address }: Target, { epoch, releaseId, weight }: WeightOrder): void {
  const seen = epochOf(route);
  const grave = tombstoneOf(route);
  const what = `Epoch ${epoch} is not written to ${nameOf(address)}`;
  if (seen !== undefined && seen > epoch) throw new SpillwayError('EPOCH_STALE', `${what}: it has ${seen}.`);
  if (weight > 0 && grave && (grave.epoch >= epoch || grave.releaseId === releaseId))
    throw new SpillwayError('EPOCH_STALE', `${what}: ${grave.releaseId} was rolled back there at ${grave.epoch}.`);
}

function refuseUnsplit(rules: readonly SplitRule[], { address, ...pair }: Target, weight: number): void {
  const reasons = rules.flatMap(rule => whyNotSplit(rule, weight) ?? []);
  if (rules.length === 0) {
    const where = address.rule === undefined ? 'no rule' : `no rule named ${address.rule}`;
    reasons.push(`${where} sends to both ${nameOfBackend(pair.baseline)} and ${nameOfBackend(pair.candidate)}`);
  }
  if (reasons.length === 0) return;
  throw new SpillwayError('WEIGHT_REJECTED', `${nameOf(address)} cannot be split: ${reasons.join('; ')}.`, {
    hint: 'Give the rule both backends, the candidate with weight 0, and apply it as you apply the rest of the route.',
  });
}

function weightOperations(rule: SplitRule, weight: number): Operation[] {
  const place = `/spec/rules/${rule.index}`;
  const weights = weightsFor(rule, weight);
  const changed = [...weights].filter(([i, wanted]) => (rule.refs[i]!.weight ?? 1) !== wanted);
  if (changed.length === 0) return [];
  const named: Operation[] = rule.name === undefined ? [] : [{ op: 'test', path: `${place}/name`, value: rule.name }];
  return [
    ...named,
    ...[...weights.keys()].flatMap(i => identityTests(`${place}/backendRefs/${i}`, rule.refs[i]!)),
    ...changed.map(([i, value]): Operation => {
      const op = rule.refs[i]!.weight === undefined ? 'add' : 'replace';
      return { op, path: `${place}/backendRefs/${i}/weight`, value };
    }),
  ];
}

/** That the reference is still the one that was read. Filters are left out: servers write their texts in several ways. */
export function identityTests(place: string, ref: BackendRef): Operation[] {
  const fields = ['name', 'kind', 'group', 'namespace', 'port'] as const;
  return fields
    .filter(field => ref[field] !== undefined)
    .map(field => ({ op: 'test', path: `${place}/${field}`, value: ref[field] }));
}

/** To an annotation. */
export const pointer = (key: string) => `/metadata/annotations/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** That nobody wrote since we looked. Kubernetes takes null for "is not there", which the RFC leaves open. */
function epochGuard({ metadata: { annotations } }: RouteObject): Operation {
  if (annotations === undefined) return { op: 'test', path: '/metadata/annotations', value: null };
  return { op: 'test', path: pointer(EPOCH), value: annotations[EPOCH] ?? null };
}

/** Epoch and tombstone only ever grow. */
function annotationOperations(route: RouteObject, { epoch, rolledBack }: WeightOrder): Operation[] {
  const wanted: [string, string][] = [];
  if (epoch > (epochOf(route) ?? -1)) wanted.push([EPOCH, `${epoch}`]);
  const grave = Number(/@(\d+)$/.exec(rolledBack ?? '')?.[1] ?? -1);
  if (rolledBack !== null && grave > (tombstoneOf(route)?.epoch ?? -1)) wanted.push([TOMBSTONE, rolledBack]);
  if (wanted.length === 0) return [];
  if (route.metadata.annotations === undefined)
    return [{ op: 'add', path: '/metadata/annotations', value: Object.fromEntries(wanted) }];
  return wanted.map(([key, value]) => ({ op: 'add', path: pointer(key), value }));
}
