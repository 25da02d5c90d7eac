/**
 * Keeps up with a collection over restarts of the apiserver: list, watch from there, and list again whenever the watch
 * breaks. What vanished while nobody looked is reported as gone, so that a follower never holds what is no longer there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api.ts';
import type { KubeList, KubeObject } from './objects.ts';

export interface Follower<T> {
  /** New, changed, or merely listed again. */
  onSet(object: T): void;
  /** The last state that was seen. */
  onGone(object: T): void;
  onBroken?(error: unknown): void;
}

const AGAIN_MS = 200;

/** Follows until the signal; never throws. */
export async function follow<T extends KubeObject>(
  api: Api,
  path: string,
  follower: Follower<T>,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, T>();
  while (!signal.aborted) {
    try {
      await followOnce(api, path, { known, follower, signal });
    } catch (error) {
      if (!signal.aborted) follower.onBroken?.(error);
    }
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

interface Round<T> {
  known: Map<string, T>;
  follower: Follower<T>;
  signal: AbortSignal;
}

async function followOnce<T extends KubeObject>(api: Api, path: string, round: Round<T>): Promise<void> {
  const { known, follower, signal } = round;
  const list = await api.call<KubeList<T>>('GET', path);
  const listed = new Set(list.items.map(({ metadata }) => metadata.uid));
  for (const [uid, object] of known) {
    if (listed.has(uid)) continue;
    known.delete(uid);
    follower.onGone(object);
  }
  for (const object of list.items) set(object);

  const from = `resourceVersion=${list.metadata.resourceVersion}&allowWatchBookmarks=true`;
  for await (const { type, object } of api.watch(`${path}?watch=true&${from}`, signal)) {
    if (type === 'ERROR') throw new Error(`the watch of ${path} ended: ${JSON.stringify(object)}`);
    if (type === 'DELETED') {
      known.delete(object.metadata.uid!);
      follower.onGone(object as T);
    } else if (type !== 'BOOKMARK') set(object as T);
  }

  function set(object: T): void {
    known.set(object.metadata.uid!, object);
    follower.onSet(object);
  }
}
