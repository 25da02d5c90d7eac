/**
 * All objects of one kind, kept in memory and up to date by a list and a watch. Reading it costs no call; what it says may be
 * some milliseconds old, so a decision that raises anything looks afresh. It forgets nothing while the server is away.
 */
import type { KubeObject } from './client.ts';
import { type Followed, follow } from './follow.ts';
import type { Time } from './pause.ts';

export interface Informer<T extends KubeObject> {
  get(namespace: string, name: string): T | undefined;
  list(namespace?: string): T[];
  /** Called for each object that was set or is gone; must not throw and must not wait. */
  onChange(listener: (object: T) => void): void;
  /** Resolves after the first list; never where the kind is not served or may not be listed. */
  synced: Promise<void>;
  /** The failure of the newest call, until one succeeds. */
  broken(): unknown;
  /** Resolves when it has stopped after the signal. */
  ended: Promise<void>;
}

/** @param of `keep`: what is kept of an object, and given to those who read; all of it by default */
export function startInformer<T extends KubeObject>(
  of: Omit<Followed, 'name'> & { keep?: (object: T) => T },
  time: Time,
  signal: AbortSignal,
): Informer<T> {
  /** By namespace: who reads mostly reads one, and others may have thousands. */
  const known = new Map<string, Map<string, T>>();
  const keep = of.keep ?? ((object: T) => object);
  const listeners = new Set<(object: T) => void>();
  let broken: unknown;
  let isSynced = () => {};
  const synced = new Promise<void>(resolve => {
    isSynced = resolve;
  });
  const tell = (object: T) => {
    for (const listener of listeners) listener(object);
  };

  function set(found: T): void {
    broken = undefined;
    const object = keep(found);
    const { namespace = '', name, resourceVersion } = object.metadata;
    const within = known.get(namespace) ?? new Map<string, T>();
    const before = within.get(name);
    known.set(namespace, within.set(name, object));
    // A list after a lost watch brings what is known already.
    if (before?.metadata.resourceVersion !== resourceVersion || before === undefined) tell(object);
  }

  function forget({ metadata: { namespace = '', name } }: T): void {
    const within = known.get(namespace);
    const object = within?.get(name);
    if (!within || !object) return;
    within.delete(name);
    if (within.size === 0) known.delete(namespace);
    tell(object);
  }

  const all = () => [...known.values()].flatMap(within => [...within.values()]);

  const follower = {
    onSet: set,
    onGone: (object?: T) => object && forget(object),
    onListed(names: readonly KubeObject[]) {
      broken = undefined;
      const there = new Set(names.map(keyOf));
      for (const object of all()) if (!there.has(keyOf(object))) forget(object);
      isSynced();
    },
    onBroken(error: unknown) {
      broken = error;
    },
  };
  const ended = follow<T>(of, follower, time, signal);
  return {
    get: (namespace, name) => known.get(namespace)?.get(name),
    list: namespace => (namespace === undefined ? all() : [...(known.get(namespace)?.values() ?? [])]),
    onChange: listener => void listeners.add(listener),
    synced,
    broken: () => broken,
    ended,
  };
}

const keyOf = ({ metadata: { namespace = '', name } }: KubeObject) => `${namespace}/${name}`;
