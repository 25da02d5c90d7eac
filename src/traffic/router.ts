/**
 * Where traffic is split. An adapter has two verbs and a rule: what lowers the candidate's share is made live first and
 * stored after, what raises it is stored first; so a store that is down can hold up an advance and never a rollback.
 * A route says more than a weight, because a promotion changes the baseline and a rollback leaves a tombstone.
 */
import { SpillwayError } from '../errors.ts';

export interface Route {
  artifact: string;
  /** Null when nothing is split. */
  releaseId: string | null;
  /** The release's id: each release shuffles the units anew. Empty when nothing is split. */
  salt: string;
  /** Never goes back. */
  epoch: number;
  /** Share of units that get the candidate, integer percent. */
  weight: number;
  /** sha256:<hex> of the version that serves. */
  baseline: string;
  candidate: string | null;
  /** Tombstone `<release>@<epoch>` of the last rollback: who sees it serves the baseline. */
  rolledBack: string | null;
}

/** Monotonic milliseconds at which the route was live for resolvers, and stored. */
export interface RouteWritten {
  liveAtMs: number;
  storedAtMs: number;
}

/** What became of a written route, in monotonic milliseconds. */
export interface Confirmation {
  /** When everyone who carries the traffic had taken it up. */
  acceptedAtMs: number;
  /** When the traffic itself was seen to obey; absent where nothing looks at it. */
  verifiedAtMs?: number;
  /** Why it was not seen to obey yet, where something looks at it. */
  unverified?: string;
}

export interface TrafficRouter {
  /**
   * Makes live what another replica has stored, of one artifact or of all: only ever a newer epoch. Absent where all
   * replicas see the same live route.
   */
  refresh?(artifact?: string): Promise<void>;
  /** The route that is live, never the one last asked for. */
  readRoute(artifact: string): Promise<Route | undefined>;
  /**
   * Makes the route live and durable. Idempotent.
   * @throws SpillwayError EPOCH_STALE when a newer route is in force; STORE_UNAVAILABLE when it could not be stored (a
   * lowered weight is live all the same; `onLive` has been called)
   */
  writeRoute(route: Route, onLive?: (liveAtMs: number) => void): Promise<RouteWritten>;
  /**
   * Whether a written route is obeyed by those who carry the traffic: looks for about a second and is asked again. Undefined,
   * or absent, where a route that is live is obeyed.
   * @throws SpillwayError why not yet
   */
  confirm?(route: Route): Promise<Confirmation | undefined>;
}

/** Whether `next` gives the candidate at most what it has now: then it is safe to be live before it is stored. */
export function isLowering(live: Route | undefined, next: Route): boolean {
  if (!live) return false;
  if (next.candidate === null) return next.baseline === live.baseline;
  return (
    live.candidate === next.candidate &&
    live.baseline === next.baseline &&
    live.salt === next.salt &&
    next.weight <= live.weight
  );
}

/**
 * One epoch names one route: a writer that reuses it acts on an old state.
 * @throws SpillwayError EPOCH_STALE
 */
export function refuseStaleRoute(current: Route | undefined, route: Route): void {
  if (!current || route.epoch > current.epoch) return;
  if (route.epoch === current.epoch && isSameRoute(current, route)) return;
  const message = `Epoch ${route.epoch} of ${route.artifact} is not newer than the live ${current.epoch}.`;
  throw new SpillwayError('EPOCH_STALE', message);
}

/** Same content, whatever the epoch. */
export function isSameRoute(a: Route | undefined, b: Route): boolean {
  return (
    a !== undefined &&
    a.releaseId === b.releaseId &&
    a.weight === b.weight &&
    a.baseline === b.baseline &&
    a.candidate === b.candidate &&
    a.salt === b.salt &&
    a.rolledBack === b.rolledBack
  );
}
