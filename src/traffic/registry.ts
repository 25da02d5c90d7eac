/**
 * The prompt registry: the traffic adapter for artifacts that apps resolve at run time. All live routes with their
 * contents are kept in memory, so that resolving never waits for the store and a change reaches every listener in the
 * turn in which it is made. The rows in the store are what a restart begins from.
 */
import type { Clock } from '../clock.ts';
import { isWorkload } from '../config/artifact.ts';
import type { PromptSpec } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import type { RouteRow, Store } from '../store/store.ts';
import {
  isLowering,
  isSameRoute,
  type Route,
  type RouteWritten,
  refuseStaleRoute,
  type TrafficRouter,
} from './router.ts';

/** One version with its content, unrendered. */
export interface ServedVersion {
  version: string;
  value: PromptSpec;
}

/** All that a resolver needs to know about one artifact; also the message that SDKs are pushed. */
export interface Assignment {
  artifact: string;
  salt: string;
  weight: number;
  epoch: number;
  releaseId: string | null;
  baseline: ServedVersion;
  candidate?: ServedVersion;
}

export interface PromptRegistry extends TrafficRouter {
  /** Reads every stored route into memory. Call before serving. */
  load(): Promise<void>;
  refresh(artifact?: string): Promise<void>;
  assignment(artifact: string): Assignment | undefined;
  assignments(): Assignment[];
  /** Called in the same turn in which a route becomes live. A listener must not throw and must not wait. */
  subscribe(listener: (assignment: Assignment) => void): () => void;
}

type RegistryStore = Pick<Store, 'putRoute' | 'getRoute' | 'listRoutes' | 'getVersion'>;

export function promptRegistry({ store, clock }: { store: RegistryStore; clock: Clock }): PromptRegistry {
  const routes = new Map<string, Route>();
  const live = new Map<string, Assignment>();
  const listeners = new Set<(assignment: Assignment) => void>();
  /** Contents by `artifact@version`: immutable, so never stale. Filled before a weight rises. */
  const contents = new Map<string, PromptSpec>();
  /** Live routes that the store has not taken yet. */
  const unstored = new Set<string>();

  async function fetchContent(artifact: string, version: string): Promise<PromptSpec> {
    const known = contents.get(`${artifact}@${version}`);
    if (known) return known;
    const row = await store.getVersion(artifact, version);
    if (!row) throw new SpillwayError('NOT_FOUND', `Version ${version} of ${artifact} is not registered.`);
    const value = row.spec as unknown as PromptSpec;
    contents.set(`${artifact}@${version}`, value);
    return value;
  }

  function makeLive(route: Route): number {
    routes.set(route.artifact, route);
    const { artifact, salt, weight, epoch, releaseId } = route;
    const known = (version: string): ServedVersion => ({ version, value: contents.get(`${artifact}@${version}`)! });
    const assignment: Assignment = { artifact, salt, weight, epoch, releaseId, baseline: known(route.baseline) };
    if (route.candidate !== null) assignment.candidate = known(route.candidate);
    live.set(artifact, assignment);
    forgetOthers(route);
    for (const listener of listeners) listener(assignment);
    return clock.monotonicMs();
  }

  /** Contents are immutable and cheap to fetch again; keeping every version that ever served is not. */
  function forgetOthers({ artifact, baseline, candidate }: Route): void {
    for (const key of contents.keys())
      if (key.startsWith(`${artifact}@`) && key !== `${artifact}@${baseline}` && key !== `${artifact}@${candidate}`)
        contents.delete(key);
  }

  async function storeRoute(route: Route): Promise<number> {
    unstored.add(route.artifact);
    const outcome = await store.putRoute({ ...route, updatedAt: clock.nowMs() });
    if (outcome === 'stale')
      throw new SpillwayError('EPOCH_STALE', `A newer route of ${route.artifact} than epoch ${route.epoch} is stored.`);
    unstored.delete(route.artifact);
    return clock.monotonicMs();
  }

  async function writeRoute(route: Route, onLive?: (liveAtMs: number) => void): Promise<RouteWritten> {
    refuseStaleRoute(routes.get(route.artifact), route);
    const current = routes.get(route.artifact);
    if (isSameRoute(current, route) && current?.epoch === route.epoch) {
      const liveAtMs = clock.monotonicMs();
      onLive?.(liveAtMs);
      return { liveAtMs, storedAtMs: unstored.has(route.artifact) ? await storeRoute(route) : liveAtMs };
    }
    // The contents of a lowered route are known already: no look into the store stands before it.
    const lowering = isLowering(current, route);
    for (const version of [route.baseline, route.candidate])
      if (version !== null) await fetchContent(route.artifact, version);
    const storedFirstMs = lowering ? undefined : await storeRoute(route);
    refuseStaleRoute(routes.get(route.artifact), route); // a rollback may have gone by while the store wrote
    const liveAtMs = makeLive(route);
    onLive?.(liveAtMs);
    return { liveAtMs, storedAtMs: storedFirstMs ?? (await storeRoute(route)) };
  }

  /** What is stored was confirmed there, so it may be live whichever way it moves the weight; never an older epoch. */
  async function takeUp({ updatedAt: _updatedAt, ...route }: RouteRow): Promise<void> {
    if (isWorkload(route.artifact)) return; // not resolved by apps, and its versions are no prompts
    const isNewer = () => route.epoch > (routes.get(route.artifact)?.epoch ?? Number.NEGATIVE_INFINITY);
    if (!isNewer()) return;
    await fetchContent(route.artifact, route.baseline);
    if (route.candidate !== null) await fetchContent(route.artifact, route.candidate);
    if (!isNewer()) return;
    unstored.delete(route.artifact);
    makeLive(route);
  }

  async function refresh(artifact?: string): Promise<void> {
    const rows = artifact === undefined ? await store.listRoutes() : [await store.getRoute(artifact)];
    for (const row of rows) if (row) await takeUp(row);
  }

  return {
    load: () => refresh(),
    refresh,
    readRoute: async artifact => routes.get(artifact),
    writeRoute,
    assignment: artifact => live.get(artifact),
    assignments: () => [...live.values()],
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
