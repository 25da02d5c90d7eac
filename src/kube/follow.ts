/**
 * Keeps up with objects over broken connections and restarts of the API server: list, watch from there, take the watch
 * up again where it ended, and list again only when that place is forgotten (410). Never throws, never ends before its
 * signal, never asks in a hot loop. A list that fails changes nothing: what was known stays known.
 */
import type { KubeClient, KubeObject } from './client.ts';
import { pauseMs, type Time } from './pause.ts';
import { Refusal } from './refusal.ts';

export interface Follower<T extends KubeObject> {
  /** New, changed, or merely listed again. */
  onSet(object: T): void;
  /** Is not there, by a list or by a watch. By a list only where a single object is followed. */
  onGone(object?: T): void;
  /** All that there is, whenever it was listed: what is not among them is gone. */
  onListed?(objects: readonly T[]): void;
  onBroken?(error: unknown): void;
}

export interface Followed {
  client: KubeClient;
  /** Of the collection. */
  path: string;
  /** One object; else all of the collection. */
  name?: string;
  labelSelector?: string;
}

/** The server ends a watch itself after this long, so that a lost one is noticed and load spreads. */
const WATCH_S = 290;
const GONE = 410;

export async function follow<T extends KubeObject>(
  of: Followed,
  follower: Follower<T>,
  time: Time,
  signal: AbortSignal,
): Promise<void> {
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

async function round<T extends KubeObject>(
  of: Followed,
  follower: Follower<T>,
  position: Position,
  signal: AbortSignal,
): Promise<void> {
  const selected = selectorOf(of);
  if (position.version === undefined) {
    const list = await of.client.list<T>([of.path, selected].filter(Boolean).join('?'));
    position.version = list.metadata.resourceVersion;
    for (const object of list.items) follower.onSet(object);
    if (of.name !== undefined && list.items.length === 0) follower.onGone();
    follower.onListed?.(list.items);
  }
  const from = `resourceVersion=${position.version}&allowWatchBookmarks=true&timeoutSeconds=${WATCH_S}`;
  const path = `${of.path}?${['watch=true', selected, from].filter(Boolean).join('&')}`;
  for await (const { type, object } of of.client.watch<T & { code?: number; message?: string }>(path, signal)) {
    if (type === 'ERROR') throw new Refusal({ verb: 'watch', path }, object.code ?? 0, object.message ?? 'it ended');
    position.version = object.metadata.resourceVersion ?? position.version;
    position.failures = 0;
    if (type === 'DELETED') follower.onGone(object);
    else if (type !== 'BOOKMARK') follower.onSet(object);
  }
}

function selectorOf({ name, labelSelector }: Followed): string {
  const fields = name === undefined ? [] : [`fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`];
  const labels = labelSelector === undefined ? [] : [`labelSelector=${encodeURIComponent(labelSelector)}`];
  return [...fields, ...labels].join('&');
}
