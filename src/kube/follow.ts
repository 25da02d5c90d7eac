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
  /** Names and namespaces of all that there is, whenever it was listed: what is not among them is gone. */
  onListed?(names: readonly KubeObject[]): void;
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
const PAGE = 250;

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
    const listed = await listAll(of, follower);
    position.version = listed.version;
    if (of.name !== undefined && listed.objects.length === 0) follower.onGone();
    follower.onListed?.(listed.objects);
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

/** In pages: of a large cluster one answer would be tens of megabytes, and longer than what is taken as an answer. */
async function listAll<T extends KubeObject>(
  { client, path, ...of }: Followed,
  follower: Follower<T>,
): Promise<{ version: string; objects: KubeObject[] }> {
  const objects: KubeObject[] = [];
  const selected = selectorOf(of);
  for (let from = ''; ; ) {
    const query = [selected, `limit=${PAGE}`, from && `continue=${encodeURIComponent(from)}`].filter(Boolean).join('&');
    const { metadata, items } = await client.list<T>(`${path}?${query}`);
    for (const object of items) {
      follower.onSet(object);
      objects.push(trace(object));
    }
    if (!metadata.continue) return { version: metadata.resourceVersion, objects };
    from = metadata.continue;
  }
}

/** Enough to know it by: the rest may go while the next page comes. */
const trace = ({ metadata: { namespace, name } }: KubeObject): KubeObject => ({
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
});

function selectorOf({ name, labelSelector }: Pick<Followed, 'name' | 'labelSelector'>): string {
  const fields = name === undefined ? [] : [`fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`];
  const labels = labelSelector === undefined ? [] : [`labelSelector=${encodeURIComponent(labelSelector)}`];
  return [...fields, ...labels].join('&');
}
