/**
 * How the newest state of routes is learnt: one by one, or all of a kind together. A server that looks after hundreds of
 * routes holds one watch for each kind, not one for each route: a connection costs memory here and a watcher there. Only
 * tells what is; what to do about it is the follower's.
 */
import type { KubeClient } from '../../kube/client.ts';
import { follow } from '../../kube/follow.ts';
import { type Informer, startInformer } from '../../kube/informer.ts';
import type { Time } from '../../kube/pause.ts';
import { GROUP, pathOf, type RouteAddress, type RouteObject } from './object.ts';

export interface RouteFollower {
  /** New, changed, or there when the following began. */
  onSet(route: RouteObject): void;
  /** Is not there, or no longer. */
  onGone(): void;
}

/** Resolves when it has stopped after the signal. */
export type FollowRoute = (route: RouteAddress, follower: RouteFollower, signal: AbortSignal) => Promise<void>;

/** A watch of its own for each. */
export function followEach(client: KubeClient, time: Time): FollowRoute {
  return (route, follower, signal) => follow({ client, path: pathOf(route), name: route.name }, follower, time, signal);
}

export interface RouteFeed {
  follow: FollowRoute;
  /** As it was seen last. */
  get(route: RouteAddress): RouteObject | undefined;
  onChange(listener: (route: RouteObject) => void): void;
  /** After the first list of HTTPRoutes; a cluster that serves no GRPCRoutes never lists them, and nothing waits for that. */
  synced: Promise<void>;
  /** The failure of the newest call about HTTPRoutes, until one succeeds. */
  broken(): unknown;
  /** Resolves when it has stopped after the signal. */
  ended: Promise<void>;
}

type Kind = RouteAddress['kind'];
const PLURALS: Record<Kind, string> = { HTTPRoute: 'httproutes', GRPCRoute: 'grpcroutes' };

/** @param namespace the only one; all by default */
export function routeFeed(
  { client, namespace }: { client: KubeClient; namespace?: string | undefined },
  time: Time,
  signal: AbortSignal,
): RouteFeed {
  const followers = new Map<string, Set<RouteFollower>>();
  const within = namespace === undefined ? '' : `/namespaces/${namespace}`;

  function start(kind: Kind): Informer<RouteObject> {
    const path = `/apis/${GROUP}/v1${within}/${PLURALS[kind]}`;
    const informer = startInformer<RouteObject>({ client, path }, time, signal);
    informer.onChange(({ metadata: { namespace = '', name } }) => {
      const route = informer.get(namespace, name);
      for (const one of followers.get(keyOf({ kind, namespace, name })) ?? []) tell(one, route);
    });
    return informer;
  }

  const kinds: Record<Kind, Informer<RouteObject>> = { HTTPRoute: start('HTTPRoute'), GRPCRoute: start('GRPCRoute') };

  async function followShared(route: RouteAddress, follower: RouteFollower, until: AbortSignal): Promise<void> {
    if (until.aborted) return;
    const key = keyOf(route);
    const all = followers.get(key) ?? new Set();
    followers.set(key, all.add(follower));
    const informer = kinds[route.kind];
    const known = informer.get(route.namespace, route.name);
    if (known) follower.onSet(known);
    else
      void informer.synced.then(() => {
        if (all.has(follower) && !informer.get(route.namespace, route.name)) follower.onGone();
      });
    await new Promise<void>(resolve => until.addEventListener('abort', () => resolve(), { once: true }));
    all.delete(follower);
    if (all.size === 0 && followers.get(key) === all) followers.delete(key);
  }

  return {
    follow: followShared,
    get: ({ kind, namespace, name }) => kinds[kind].get(namespace, name),
    onChange(listener) {
      for (const informer of Object.values(kinds)) informer.onChange(listener);
    },
    synced: kinds.HTTPRoute.synced,
    broken: () => kinds.HTTPRoute.broken(),
    ended: Promise.all([kinds.HTTPRoute.ended, kinds.GRPCRoute.ended]).then(() => undefined),
  };
}

function tell(follower: RouteFollower, route: RouteObject | undefined): void {
  if (route) follower.onSet(route);
  else follower.onGone();
}

const keyOf = ({ kind, namespace, name }: Pick<RouteAddress, 'kind' | 'namespace' | 'name'>) =>
  `${kind} ${namespace}/${name}`;
