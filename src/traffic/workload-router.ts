/**
 * The traffic adapter for workloads behind Gateway API routes. The rows in the store are what is durable and what a release
 * wants; the objects in the cluster are what is live. A lowering goes to all objects first and is stored after, a raise is
 * stored first. What others change in the objects is put back by the watch, and a tombstone found there is obeyed.
 */
import type { Clock } from '../clock.ts';
import { isWorkload } from '../config/artifact.ts';
import { asSpillwayError, SpillwayError } from '../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import type { RouteRow, Store } from '../store/store.ts';
import type { Drift, DriftDuty } from './gateway/drift.ts';
import type { Backend, RouteObject } from './gateway/object.ts';
import type { WeightOrder } from './gateway/patch.ts';
import type { FollowRoute } from './gateway/route-feed.ts';
import { liveRoute, orderOf } from './live-route.ts';
import {
  type Confirmation,
  isLowering,
  isSameRoute,
  type Route,
  type RouteWritten,
  refuseStaleRoute,
  type TrafficRouter,
} from './router.ts';
import { backendOf, type Place, sidesOf } from './sides.ts';
import { type WorkloadSeat, workloadSeat } from './workload-seat.ts';

export type { Place } from './sides.ts';

export interface WorkloadRouter extends TrafficRouter {
  /** Takes up the stored rows of workloads. Call before anything is released. */
  load(): Promise<void>;
  /** Where an artifact is routed; undefined when that is not known any more. Keeps a watch on the routes. */
  place(artifact: string, place: Place | undefined): void;
  /** The newest object of each route that was seen. */
  seen(artifact: string): readonly RouteObject[];
  /** Why the last write has not reached all routes; undefined when it has. */
  trouble(artifact: string): string | undefined;
  confirm(route: Route): Promise<Confirmation>;
  onDrift(listener: (artifact: string, drift: Drift) => void): () => void;
  /** Ends the watches, and waits for repairs under way. */
  close(): Promise<void>;
}

export interface WorkloadRouterOptions {
  store: Pick<Store, 'putRoute' | 'getRoute' | 'listRoutes' | 'getVersion'>;
  client: KubeClient;
  /** Changes of routes, where somebody follows them all; else there is a watch for each. */
  follow?: FollowRoute;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: { warn(fields: Record<string, unknown>, message: string): void };
  /** Whether the candidate of a release can take its share, as far as is known here. */
  isFit?: (releaseId: string) => boolean;
}

/** What is known of one artifact. */
interface Known {
  /** Written last, or taken up from the store. */
  route?: Route;
  /** The store has not taken it yet. */
  isUnstored?: boolean;
  /** Why the last write has not reached all objects. */
  trouble?: string | undefined;
  /** Epoch that this process saw in all objects. */
  carriedEpoch?: number | undefined;
  /** Of the serving version; undefined for a managed workload. */
  serving?: { version: string; backend: Backend | undefined };
  place?: Place | undefined;
  seat?: WorkloadSeat | undefined;
}

interface Write {
  known: Known;
  route: Route;
  serving: Known['serving'] & object;
}

export function workloadRouter(options: WorkloadRouterOptions): WorkloadRouter {
  const { store, client, follow, clock, random, log } = options;
  const artifacts = new Map<string, Known>();
  const listeners = new Set<(artifact: string, drift: Drift) => void>();
  const closing = new Set<Promise<void>>();

  function knownOf(artifact: string): Known {
    const known = artifacts.get(artifact) ?? {};
    artifacts.set(artifact, known);
    return known;
  }

  /** Of a version that is known already no look into the store is made: none may stand before a rollback. */
  async function lookUpServing(known: Known, { artifact, baseline }: Route): Promise<Known['serving'] & object> {
    if (known.serving?.version === baseline) return known.serving;
    const row = await store.getVersion(artifact, baseline);
    return { version: baseline, backend: row && backendOf(row.spec) };
  }

  /** What is wanted from here on: of the watch at once, of the objects with the next write. */
  function want(known: Known, route: Route, serving: Known['serving'] & object): void {
    Object.assign(known, { route, serving });
    takeSeat(route.artifact, known);
  }

  function takeSeat(artifact: string, known: Known): void {
    const sides = known.place && sidesOf(known.place, known.serving?.backend);
    if (sides && known.seat?.isFor(sides)) return;
    leave(known);
    if (sides) known.seat = workloadSeat({ client, follow, clock, random }, sides, dutyOf(artifact, known));
  }

  function leave(known: Known): void {
    if (!known.seat) return;
    const ended: Promise<void> = known.seat
      .close()
      .catch(error => log.warn({ code: asSpillwayError(error).code }, 'a watch on routes ended badly'))
      .finally(() => closing.delete(ended));
    closing.add(ended);
    delete known.seat;
    delete known.carriedEpoch;
  }

  function dutyOf(artifact: string, known: Known): DriftDuty {
    return {
      wanted: () => known.route && orderOf(known.route),
      mayRaise: async order => isFitToRaise(order) && (await isStillWanted(artifact, order)),
      onDrift(drift) {
        // What the watch does not put back is shown as it is, so that the release's own pass looks at it.
        if (drift.is !== 'repaired') delete known.carriedEpoch;
        const { is, route, who, seen, wanted, failure } = drift;
        const what = { artifact, route: route.name, is, who, seen, wanted, ...(failure ? { code: failure.code } : {}) };
        // Only its numbers were others: the share was right, as when a reference was just attached.
        if (is === 'repaired' && seen === wanted) return;
        log.warn(what, 'the weight of a route is not the one that was written');
        for (const listener of listeners) listener(artifact, drift);
      },
    };
  }

  /** A candidate that cannot take its share is not given it back either. */
  const isFitToRaise = ({ releaseId }: WeightOrder) => releaseId === null || (options.isFit?.(releaseId) ?? true);

  async function isStillWanted(artifact: string, order: WeightOrder): Promise<boolean> {
    const row = await store.getRoute(artifact);
    return row?.epoch === order.epoch && row.weight === order.weight && row.rolledBack === order.rolledBack;
  }

  async function storeRoute(known: Known, route: Route): Promise<number> {
    const outcome = await store.putRoute({ ...route, updatedAt: clock.nowMs() });
    if (outcome === 'stale')
      throw new SpillwayError('EPOCH_STALE', `A newer route of ${route.artifact} than epoch ${route.epoch} is stored.`);
    if (known.route?.epoch === route.epoch) delete known.isUnstored;
    return clock.monotonicMs();
  }

  /** @returns when all objects that could be written were, and why others were not */
  async function makeLive(known: Known, route: Route): Promise<{ liveAtMs?: number; failure?: SpillwayError }> {
    if (!known.seat) return { failure: placeUnknown(route.artifact) };
    const outcomes = await known.seat.write(orderOf(route));
    const failure = outcomes.find(one => one.failure)?.failure;
    known.trouble = failure?.message;
    const liveAtMs = Math.max(
      Number.NEGATIVE_INFINITY,
      ...outcomes.map(({ atMs }) => atMs ?? Number.NEGATIVE_INFINITY),
    );
    if (failure === undefined && known.route?.epoch === route.epoch) known.carriedEpoch = route.epoch;
    return { ...(Number.isFinite(liveAtMs) ? { liveAtMs } : {}), ...(failure ? { failure } : {}) };
  }

  /** A place that is not known yet keeps a lowering from the objects, and not from the store. */
  async function lower(write: Write, onLive?: (liveAtMs: number) => void): Promise<RouteWritten> {
    const { known, route, serving } = write;
    if (!isSameRoute(known.route, route) || known.route?.epoch !== route.epoch) known.isUnstored = true;
    want(known, route, serving); // the watch must not bring the old weight back meanwhile
    const { liveAtMs, failure } = await makeLive(known, route);
    if (liveAtMs !== undefined) onLive?.(liveAtMs);
    const storedAtMs = known.isUnstored ? await storeRoute(known, route) : clock.monotonicMs();
    if (failure) throw failure;
    return { liveAtMs: liveAtMs!, storedAtMs };
  }

  async function raise(write: Write, onLive?: (liveAtMs: number) => void): Promise<RouteWritten> {
    const { known, route, serving } = write;
    if (!known.place) throw placeUnknown(route.artifact);
    const storedAtMs = await storeRoute(known, route);
    refuseStaleRoute(known.route, route); // a rollback may have gone by while the store wrote
    delete known.isUnstored;
    want(known, route, serving);
    const { liveAtMs, failure } = await makeLive(known, route);
    if (failure) throw failure;
    onLive?.(liveAtMs!);
    return { liveAtMs: liveAtMs!, storedAtMs };
  }

  /** What another replica has stored: it is wanted here too, and never anything older. */
  async function takeUp({ updatedAt: _updatedAt, ...route }: RouteRow): Promise<void> {
    if (!isWorkload(route.artifact)) return;
    const known = knownOf(route.artifact);
    const isNewer = () => route.epoch > (known.route?.epoch ?? Number.NEGATIVE_INFINITY);
    if (!isNewer()) return;
    const serving = await lookUpServing(known, route);
    if (!isNewer()) return;
    delete known.isUnstored;
    want(known, route, serving);
  }

  /** By the objects, where they are known. */
  function liveOf({ route, seat, carriedEpoch }: Partial<Known> = {}): Route | undefined {
    if (!route || !seat) return route;
    return liveRoute(route, seat.sides, seat.gateway.seen(), carriedEpoch === route.epoch);
  }

  async function refresh(artifact?: string): Promise<void> {
    const rows = artifact === undefined ? await store.listRoutes() : [await store.getRoute(artifact)];
    for (const row of rows) if (row) await takeUp(row);
  }

  return {
    load: () => refresh(),
    refresh,
    async readRoute(artifact) {
      return liveOf(artifacts.get(artifact));
    },
    async writeRoute(route, onLive) {
      const known = knownOf(route.artifact);
      refuseStaleRoute(known.route, route);
      const serving = await lookUpServing(known, route);
      refuseStaleRoute(known.route, route); // a rollback may have gone by meanwhile
      if (isLowering(known.route, route)) return lower({ known, route, serving }, onLive);
      return raise({ known, route, serving }, onLive);
    },
    async confirm(route) {
      const known = knownOf(route.artifact);
      refuseStaleRoute(known.route, route);
      if (!known.seat) throw placeUnknown(route.artifact);
      return known.seat.confirm(orderOf(route));
    },
    place(artifact, place) {
      const known = knownOf(artifact);
      known.place = place;
      takeSeat(artifact, known);
    },
    trouble(artifact) {
      const known = artifacts.get(artifact);
      if (known?.trouble === undefined || !known.route || !known.seat) return known?.trouble;
      // It may have got through after all, or the watch of drift has put it right.
      const live = liveOf(known);
      return live && isSameRoute(live, known.route) ? undefined : known.trouble;
    },
    seen: artifact =>
      artifacts
        .get(artifact)
        ?.seat?.gateway.seen()
        .map(({ object }) => object) ?? [],
    onDrift(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      for (const known of artifacts.values()) leave(known);
      await Promise.all(closing);
    },
  };
}

function placeUnknown(artifact: string): SpillwayError {
  return new SpillwayError('PLACE_UNKNOWN', `It is not known yet where ${artifact} is routed.`);
}
