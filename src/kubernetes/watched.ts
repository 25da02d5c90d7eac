/**
 * Everything that is watched of the cluster: the objects of workloads, and beside them what the reconciler alone reads, which
 * are Spillway's own resources and the routes. Reading costs no call; what is written is written elsewhere.
 */
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { type Informer, startInformer } from '../kube/informer.ts';
import type { Time } from '../kube/pause.ts';
import { asFailure } from '../kube/refusal.ts';
import { GROUP, type RouteAddress, type RouteObject } from '../traffic/gateway/object.ts';
import { type StartedCluster, startCluster } from './cluster.ts';
import { API, type PipelineResource, type ReleaseResource } from './resources.ts';

export interface Watched extends StartedCluster {
  pipelines: Informer<PipelineResource>;
  releases: Informer<ReleaseResource>;
  route(address: RouteAddress): RouteObject | undefined;
  onRoute(listener: (route: RouteObject) => void): void;
  /** What cannot be read now, in a sentence. */
  trouble(): string | undefined;
}

export interface WatchedOptions extends Time {
  client: KubeClient;
  /** One namespace; all by default. */
  namespace?: string;
  signal: AbortSignal;
}

/** Resolves when all was listed once, or at the signal. */
export async function watchCluster(options: WatchedOptions): Promise<Watched> {
  const { client, namespace, signal, ...time } = options;
  const start = <T extends KubeObject>(api: string, plural: string): Informer<T> => {
    const path = namespace === undefined ? `${api}/${plural}` : `${api}/namespaces/${namespace}/${plural}`;
    return startInformer<T>({ client, path }, time, signal);
  };
  const pipelines = start<PipelineResource>(API, 'pipelines');
  const releases = start<ReleaseResource>(API, 'releases');
  const routes = {
    HTTPRoute: start<RouteObject>(`/apis/${GROUP}/v1`, 'httproutes'),
    // A cluster that serves none never lists them: nothing waits for that.
    GRPCRoute: start<RouteObject>(`/apis/${GROUP}/v1`, 'grpcroutes'),
  };
  const own = [pipelines, releases, routes.HTTPRoute];
  const isOver = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
  const cluster = startCluster(options);
  const synced = Promise.all([cluster, ...own].map(one => one.synced)).then(() => undefined);
  await Promise.race([synced, isOver]);
  return {
    ...cluster,
    synced,
    pipelines,
    releases,
    route: ({ kind, namespace, name }) => routes[kind].get(namespace, name),
    onRoute(listener) {
      for (const informer of Object.values(routes)) informer.onChange(listener);
    },
    trouble() {
      const error = cluster.broken() ?? own.map(one => one.broken()).find(found => found !== undefined);
      return error === undefined ? undefined : asFailure(error, 'the cluster cannot be watched').message;
    },
    ended: Promise.all([cluster.ended, ...[...own, routes.GRPCRoute].map(({ ended }) => ended)]).then(() => undefined),
  };
}
