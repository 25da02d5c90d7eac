/** Sees from outside when a route says something: by a watch of its own, beside the server's. */
import type { KubeObject } from '../../test/cluster/client/objects.ts';
import type { Cluster } from '../../test/cluster/support/cluster.ts';

export interface Sight {
  /** When this event came here; `performance.now()`. */
  atMs: number;
  name: string;
  generation: number;
  /** Of each reference in the first rule. */
  weights: Readonly<Record<string, number>>;
  /** Every parent has seen this generation. */
  isAccepted: boolean;
}

export interface RouteEye {
  sights: Sight[];
  /** The first one since a moment. */
  first(name: string, sinceMs: number, is: (sight: Sight) => boolean): Sight | undefined;
  close(): Promise<void>;
}

export function watchRoutes(cluster: Cluster): RouteEye {
  const sights: Sight[] = [];
  const stop = new AbortController();
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${cluster.namespace}/httproutes?watch=true&allowWatchBookmarks=true`;
  const watching = (async () => {
    while (!stop.signal.aborted)
      try {
        for await (const { type, object } of cluster.api.watch(path, stop.signal))
          if (type === 'ADDED' || type === 'MODIFIED') sights.push(sightOf(object));
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
  })();
  return {
    sights,
    first: (name, sinceMs, is) => sights.find(sight => sight.name === name && sight.atMs >= sinceMs && is(sight)),
    async close() {
      stop.abort();
      await watching;
    },
  };
}

function sightOf({ metadata, spec, status }: KubeObject): Sight {
  const { generation = 0 } = metadata as { generation?: number };
  const refs: { name: string; weight?: number }[] = spec.rules[0].backendRefs;
  const parents: { conditions?: { observedGeneration?: number }[] }[] = status?.parents ?? [];
  const hasSeen = ({ conditions = [] }: (typeof parents)[number]) =>
    conditions.length > 0 && conditions.every(({ observedGeneration = 0 }) => observedGeneration >= generation);
  return {
    atMs: performance.now(),
    name: metadata.name,
    generation,
    weights: Object.fromEntries(refs.map(({ name, weight = 1 }) => [name, weight])),
    isAccepted: parents.length > 0 && parents.every(hasSeen),
  };
}
