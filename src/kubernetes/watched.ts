/**
 * Everything that is watched of the cluster: the objects of workloads, and beside them what the reconciler alone reads, which
 * are Spillway's own resources and the routes. Reading costs no call; what is written is written elsewhere.
 */
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { type Informer, startInformer } from '../kube/informer.ts';
import type { Time } from '../kube/pause.ts';
import { asFailure, Refusal } from '../kube/refusal.ts';
import type { RouteAddress, RouteObject } from '../traffic/gateway/object.ts';
import type { RouteFeed } from '../traffic/gateway/route-feed.ts';
import { type StartedCluster, startCluster } from './cluster.ts';
import { keptPipeline, withoutManagers } from './kept.ts';
import { API, type PipelineResource, type ReleaseResource, SPILLWAY } from './resources.ts';

export interface Watched extends StartedCluster {
  pipelines: Informer<PipelineResource>;
  releases: Informer<ReleaseResource>;
  route(address: RouteAddress): RouteObject | undefined;
  onRoute(listener: (route: RouteObject) => void): void;
  /** What cannot be read now, in a sentence. */
  trouble(): string | undefined;
}

export interface WatchedOptions extends Time {
  /** Told why the first look takes so long, each reason once. */
  onWaiting(why: string): void;
  client: KubeClient;
  /** One namespace; all by default. */
  namespace?: string;
  routes: RouteFeed;
  signal: AbortSignal;
}

/** Resolves when all was listed once, or at the signal. */
export async function watchCluster(options: WatchedOptions): Promise<Watched> {
  const { client, namespace, routes, signal, ...time } = options;
  const start = <T extends KubeObject>(api: string, plural: string, keep: (object: T) => T): Informer<T> => {
    const path = namespace === undefined ? `${api}/${plural}` : `${api}/namespaces/${namespace}/${plural}`;
    return startInformer<T>({ client, path, keep }, time, signal);
  };
  const pipelines = start<PipelineResource>(API, 'pipelines', keptPipeline);
  const releases = start<ReleaseResource>(API, 'releases', withoutManagers);
  // Records of releases are written and never needed: a cluster that does not know them keeps nothing waiting.
  const own = [pipelines, routes];
  const isOver = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
  const cluster = startCluster(options);
  const synced = Promise.all([cluster, ...own].map(one => one.synced)).then(() => undefined);
  const trouble = () => {
    const error = cluster.broken() ?? [...own, releases].map(one => one.broken()).find(found => found !== undefined);
    return error === undefined ? undefined : told(error);
  };
  const isThere = new AbortController();
  void Promise.race([synced, isOver]).then(() => isThere.abort());
  await sayWhile(isThere.signal, trouble, options);
  return {
    ...cluster,
    synced,
    pipelines,
    releases,
    route: address => routes.get(address),
    onRoute: listener => routes.onChange(listener),
    trouble,
    ended: Promise.all([cluster, pipelines, releases].map(({ ended }) => ended)).then(() => undefined),
  };
}

const SAY_EVERY_MS = 2_000;

/** Nothing is looked after until all has been listed once: what stands in the way of it is said. */
async function sayWhile(
  isThere: AbortSignal,
  trouble: () => string | undefined,
  { clock, onWaiting }: WatchedOptions,
): Promise<void> {
  const said = new Set<string>();
  while (!isThere.aborted) {
    await clock.sleep(SAY_EVERY_MS, isThere);
    const why = isThere.aborted ? undefined : trouble();
    if (why === undefined || said.has(why)) continue;
    said.add(why);
    onWaiting(why);
  }
}

function told(error: unknown): string {
  if (error instanceof Refusal && error.status === 404 && error.call.path.startsWith(API))
    return `the cluster does not know ${error.call.path.replace(/\?.*/, '').split('/').at(-1)} of ${SPILLWAY}: apply the definitions (kubectl apply -f chart/crds)`;
  return asFailure(error, 'the cluster cannot be watched').message;
}
