/** RFC 6902 as far as our patches go, on a copy: `test`, `add`, `replace`; null stands for absent, as in Kubernetes. */
import { isDeepStrictEqual } from 'node:util';
import type { Operation } from './patch.ts';

type Node = Record<string, unknown>;

/** @throws when a test fails, or a path leads nowhere */
export function applyPatch<T>(object: T, operations: readonly Operation[]): T {
  const copy = structuredClone(object);
  for (const { op, path, value } of operations) {
    const keys = path
      .slice(1)
      .split('/')
      .map(key => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop()!;
    let place = copy as Node;
    for (const key of keys) {
      place = place[key] as Node;
      if (place === undefined) throw new Error(`${path} leads nowhere`);
    }
    if (op === 'test') {
      if (!isDeepStrictEqual(place[last] ?? null, value)) throw new Error(`test of ${path} failed`);
    } else if (op === 'replace' && !(last in place)) throw new Error(`${path} is not there`);
    else place[last] = structuredClone(value);
  }
  return copy;
}
