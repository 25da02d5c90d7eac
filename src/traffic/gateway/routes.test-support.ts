/** Routes of the tests: a stable and a canary Service in namespace `shop`, and whatever a test puts beside them. */
import type { BackendRef, RouteObject, Rule } from './object.ts';
import type { Target, WeightOrder } from './patch.ts';

export const STABLE = 'stable';
export const CANARY = 'canary';

export const target = (rule?: string): Target => ({
  address: { namespace: 'shop', name: 'web', kind: 'HTTPRoute', rule },
  baseline: { name: STABLE, port: 80 },
  candidate: { name: CANARY, port: 80 },
});

export const order = (weight: number, change: Partial<WeightOrder> = {}): WeightOrder => ({
  releaseId: 'rel_1',
  weight,
  epoch: 5,
  rolledBack: null,
  ...change,
});

export const rollback = (epoch: number, releaseId = 'rel_1') =>
  order(0, { epoch, releaseId, rolledBack: `${releaseId}@${epoch}` });

export const ref = (name: string, weight?: number): BackendRef => ({
  group: '',
  kind: 'Service',
  name,
  port: 80,
  ...(weight === undefined ? {} : { weight }),
});

export const split = (baseline: number | undefined, candidate: number | undefined, ...others: BackendRef[]): Rule => ({
  backendRefs: [ref(STABLE, baseline), ref(CANARY, candidate), ...others],
});

const accepted = (generation: number) =>
  ['Accepted', 'ResolvedRefs'].map(type => ({ type, status: 'True', observedGeneration: generation }));

/** Accepted by its gateway as it stands. */
export function routeWith(rules: Rule[], annotations?: Record<string, string>, generation = 1): RouteObject {
  const parentRef = { name: 'gateway', namespace: 'gateway' };
  return {
    kind: 'HTTPRoute',
    metadata: { name: 'web', namespace: 'shop', generation, ...(annotations ? { annotations } : {}) },
    spec: { parentRefs: [parentRef], rules },
    status: { parents: [{ parentRef, controllerName: 'example.net/gateway', conditions: accepted(generation) }] },
  };
}
