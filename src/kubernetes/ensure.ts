/**
 * Makes an object of ours what it should be, by server-side apply, and only when it is not: what the API server or others add to
 * it is theirs. An object of the same name that is not ours is refused, never taken over.
 */
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { Refusal } from '../kube/refusal.ts';
import { isOurs, PIPELINE } from './labels.ts';
import { type Kind, nameOf, pathOf } from './objects.ts';

export interface Ensured {
  /** As it is now, as far as is known. */
  object?: KubeObject;
  refused?: string;
}

export type Ensure = (kind: Kind, wanted: KubeObject, known: KubeObject | undefined) => Promise<Ensured>;

/** @returns a function that remembers what others change at once, so that it does not fight them with every pass */
export function ensurer(client: KubeClient): Ensure {
  /** By path: what was applied, and the generation at which it was not as wanted nevertheless. */
  const contested = new Map<string, { text: string; generation: number | undefined }>();

  return async (kind, wanted, known) => {
    const path = pathOf(kind, wanted.metadata.namespace, wanted.metadata.name);
    const present = known ?? (await lookUp(client, path));
    if (present && !isOurs(present.metadata.labels, wanted.metadata.labels?.[PIPELINE] ?? ''))
      return { refused: notOurs(kind, wanted) };
    if (present && isAsWanted(wanted, present)) return { object: present };
    const text = JSON.stringify(wanted);
    const last = contested.get(path);
    if (present && last?.text === text && last.generation === present.metadata.generation) return { object: present };
    const object = await client.apply<KubeObject>(path, wanted);
    if (isAsWanted(wanted, object)) contested.delete(path);
    else contested.set(path, { text, generation: object.metadata.generation });
    return { object };
  };
}

/** Before the first apply only: what is not known yet may be somebody's own. */
async function lookUp(client: KubeClient, path: string): Promise<KubeObject | undefined> {
  try {
    return await client.get<KubeObject>(path);
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return undefined;
    throw error;
  }
}

function notOurs(kind: Kind, { metadata }: KubeObject): string {
  const pipeline = metadata.labels?.[PIPELINE] ?? '';
  return `${nameOf(kind, metadata)} is there and is not made by Spillway for pipeline ${pipeline}, which needs this name; rename or delete it`;
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
    ([key, value]) => value === undefined || isAsWanted(value, (present as Record<string, unknown>)[key]),
  );
}
