/**
 * Makes an object of ours what it should be, and writes only when it is not: what the API server or others add to it is theirs.
 * Created, never applied, so that an object of the same name which is not ours is refused and never taken over; changed by
 * whole fields, because server-side apply refuses templates that name a variable or a port twice, which Deployments may.
 */
import type { KubeClient, KubeObject, Operation } from '../kube/client.ts';
import { Refusal } from '../kube/refusal.ts';
import { isOurs, PIPELINE, pointerTo } from './labels.ts';
import { type Kind, nameOf, pathOf } from './objects.ts';

/** `object`: as it is now, as far as is known. */
export type Ensured = { object: KubeObject } | { refused: string };

export type Ensure = (kind: Kind, wanted: KubeObject, known: KubeObject | undefined) => Promise<Ensured>;

/** @returns a function that remembers what others change at once, so that it does not fight them with every pass */
export function ensurer(client: KubeClient): Ensure {
  /** By path: what was written, and the generation at which it was not as wanted nevertheless. */
  const contested = new Map<string, { text: string; generation: number | undefined }>();

  return async (kind, wanted, known) => {
    const path = pathOf(kind, wanted.metadata.namespace, wanted.metadata.name);
    const present = known ?? (await createdOrFound(client, kind, wanted));
    if (!isOurs(present.metadata.labels, wanted.metadata.labels?.[PIPELINE] ?? ''))
      return { refused: notOurs(kind, wanted) };
    const operations = changesOf(wanted, present);
    if (operations.length === 0) return { object: present };
    const text = JSON.stringify(wanted);
    const last = contested.get(path);
    if (last?.text === text && last.generation === present.metadata.generation) return { object: present };
    const object = await client.patch<KubeObject>(path, operations);
    if (changesOf(wanted, object).length === 0) contested.delete(path);
    else contested.set(path, { text, generation: object.metadata.generation });
    return { object };
  };
}

async function createdOrFound(client: KubeClient, kind: Kind, wanted: KubeObject): Promise<KubeObject> {
  const { namespace, name } = wanted.metadata;
  try {
    return await client.create<KubeObject>(pathOf(kind, namespace), wanted);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 409) throw error;
    return client.get<KubeObject>(pathOf(kind, namespace, name));
  }
}

function notOurs(kind: Kind, { metadata }: KubeObject): string {
  const pipeline = metadata.labels?.[PIPELINE] ?? '';
  return `${nameOf(kind, metadata)} is there and is not made by Spillway for pipeline ${pipeline}, which needs this name; rename or delete it`;
}

/** Field by field of the spec, label by label; for this one object, whatever has taken its name since. */
export function changesOf(wanted: KubeObject, present: KubeObject): Operation[] {
  const changes = [
    ...changesIn('/spec', specOf(wanted), specOf(present)),
    ...changesIn('/metadata/labels', wanted.metadata.labels ?? {}, present.metadata.labels ?? {}),
    // A Pipeline that was made anew has another uid: the one before would take its objects along.
    ...changesIn('/metadata', ownersOf(wanted), ownersOf(present)),
  ];
  if (changes.length === 0) return [];
  return [{ op: 'test', path: '/metadata/uid', value: present.metadata.uid }, ...changes];
}

type Fields = Record<string, unknown>;

const specOf = (object: KubeObject) => ((object as KubeObject & { spec?: Fields }).spec ?? {}) as Fields;

const ownersOf = ({ metadata: { ownerReferences } }: KubeObject): Fields => ({ ownerReferences });

function changesIn(path: string, wanted: Fields, present: Fields): Operation[] {
  return Object.entries(wanted)
    .filter(([key, value]) => value !== undefined && !isAsWanted(value, present[key]))
    .map(([key, value]) => ({ op: 'add', path: `${path}/${pointerTo(key)}`, value }));
}

/** Whether every field that is wanted is there with its value; lists must be of one length. */
export function isAsWanted(wanted: unknown, present: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(present) &&
      wanted.length === present.length &&
      wanted.every((item, i) => isAsWanted(item, present[i]))
    );
  if (typeof wanted !== 'object' || wanted === null) return wanted === (present ?? null);
  if (typeof present !== 'object' || present === null) return Object.keys(wanted).length === 0;
  return Object.entries(wanted).every(
    ([key, value]) => value === undefined || isAsWanted(value, (present as Fields)[key]),
  );
}
