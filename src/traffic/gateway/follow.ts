/**
 * Keeps up with one object over broken connections and restarts of the API server: list, watch from there, take the watch
 * up again where it ended, and list again only when that place is forgotten (410). Never throws, never ends before its
 * signal, never asks in a hot loop. A list that fails changes nothing: what was known stays known.
 */
import type { KubeClient } from './client.ts';
import type { RouteObject } from './object.ts';
import { pauseMs, type Time } from './pause.ts';
import { Refusal } from './refusal.ts';

export interface Follower {
  /** New, changed, or merely listed again. */
  onSet(route: RouteObject): void;
  onGone(): void;
  onBroken?(error: unknown): void;
}

export interface Followed {
  client: KubeClient;
  /** Of the collection. */
  path: string;
  name: string;
}

/** The server ends a watch itself after this long, so that a lost one is noticed and load spreads. */
const WATCH_S = 290;
const GONE = 410;

export async function follow(of: Followed, follower: Follower, time: Time, signal: AbortSignal): Promise<void> {
  const position: Position = { version: undefined, failures: 0 };
  while (!signal.aborted) {
    try {
      await round(of, follower, position, signal);
    } catch (error) {
      if (signal.aborted) return;
      const isGone = error instanceof Refusal && error.status === GONE;
      if (isGone) position.version = undefined;
      else follower.onBroken?.(error);
      await time.clock.sleep(pauseMs(position.failures++, time.random, error), signal);
      continue;
    }
    // A watch that ends at once and without a word must not be taken up at once either.
    await time.clock.sleep(pauseMs(position.failures++, time.random), signal);
  }
}

interface Position {
  /** From where the watch goes on; undefined when a list has to come first. */
  version: string | undefined;
  /** Rounds since something was last heard. */
  failures: number;
}

async function round(of: Followed, follower: Follower, position: Position, signal: AbortSignal): Promise<void> {
  const only = `fieldSelector=metadata.name%3D${encodeURIComponent(of.name)}`;
  if (position.version === undefined) {
    const list = await of.client.list<RouteObject>(`${of.path}?${only}`);
    position.version = list.metadata.resourceVersion;
    const [found] = list.items;
    if (found) follower.onSet(found);
    else follower.onGone();
  }
  const from = `resourceVersion=${position.version}&allowWatchBookmarks=true&timeoutSeconds=${WATCH_S}`;
  const path = `${of.path}?watch=true&${only}&${from}`;
  for await (const { type, object } of of.client.watch<RouteObject & { code?: number; message?: string }>(
    path,
    signal,
  )) {
    if (type === 'ERROR') throw new Refusal({ verb: 'watch', path }, object.code ?? 0, object.message ?? 'it ended');
    position.version = object.metadata.resourceVersion ?? position.version;
    position.failures = 0;
    if (type === 'DELETED') follower.onGone();
    else if (type !== 'BOOKMARK') follower.onSet(object);
  }
}
