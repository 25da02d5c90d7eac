/** Templates of versions, as the store keeps them. A version never changes, so each is read once. */
import type { Json } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import type { Store } from '../store/store.ts';

const KEPT_MAX = 500;

/** @throws SpillwayError NOT_FOUND, STORE_UNAVAILABLE */
export type Templates = (artifact: string, version: string) => Promise<Json>;

export function templatesOf(store: Pick<Store, 'getVersion'>): Templates {
  const known = new Map<string, Json>();
  return async (artifact, version) => {
    const key = `${artifact}@${version}`;
    const found = known.get(key) ?? (await store.getVersion(artifact, version))?.spec;
    if (found === undefined) throw new SpillwayError('NOT_FOUND', `Version ${version} of ${artifact} is not stored.`);
    known.set(key, found);
    if (known.size > KEPT_MAX) known.delete(known.keys().next().value!);
    return found;
  };
}
