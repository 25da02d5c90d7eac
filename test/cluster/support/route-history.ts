/**
 * What a route said, state after state, with the moment at which each was seen: from a watch of the tests' own, so that what
 * the product believes is not asked. Watches survive restarts of the API server.
 */
import { follow } from '../client/follow.ts';
import type { KubeObject } from '../client/objects.ts';
import type { Cluster } from './cluster.ts';

export interface RouteState {
  /** `performance.now()` when it was seen. */
  atMs: number;
  /** Of the candidate's reference; undefined when there is none. */
  weight: number | undefined;
  tombstone: string | undefined;
  /** Every gateway has taken this generation up. */
  isAccepted: boolean;
}

export interface RouteHistory {
  states: RouteState[];
  last(): RouteState | undefined;
  /** The candidate's weights since a moment, each change once; `undefined` as `-`. */
  weightsSince(ms: number): string[];
}

const TOMBSTONE = 'spillway.dev/rolled-back';
const GATEWAYS = '/apis/gateway.networking.k8s.io/v1';

/** Until the signal. */
export function routeHistory(cluster: Cluster, name: string, signal: AbortSignal): RouteHistory {
  const states: RouteState[] = [];
  const onSet = (object: KubeObject) => {
    if (object.metadata.name === name) states.push({ atMs: performance.now(), ...stateOf(object) });
  };
  const path = `${GATEWAYS}/namespaces/${cluster.namespace}/httproutes`;
  void follow(cluster.api, path, { onSet, onGone: () => undefined }, signal);
  return {
    states,
    last: () => states.at(-1),
    weightsSince(ms) {
      const weights = states.filter(({ atMs }) => atMs >= ms).map(({ weight }) => `${weight ?? '-'}`);
      return weights.filter((weight, i) => weight !== weights[i - 1]);
    },
  };
}

interface Reference {
  name: string;
  weight?: number;
}

interface Parent {
  conditions: { observedGeneration: number }[];
}

function stateOf({ metadata, spec, status }: KubeObject): Omit<RouteState, 'atMs'> {
  const refs: Reference[] = spec.rules[0].backendRefs;
  const candidate = refs.find(ref => ref.name.endsWith('-candidate'));
  const parents: Parent[] = status?.parents ?? [];
  const { generation = 0 } = metadata as { generation?: number };
  return {
    weight: candidate && (candidate.weight ?? 1),
    tombstone: metadata.annotations?.[TOMBSTONE],
    isAccepted:
      parents.length > 0 &&
      parents.every(({ conditions }) => conditions.every(one => one.observedGeneration >= generation)),
  };
}
