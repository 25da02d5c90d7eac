/** RFC 6902 as far as our patches go, on a copy: `test`, `add`, `replace`, `remove`; null stands for absent, as in Kubernetes. */
import { isDeepStrictEqual } from 'node:util';
import type { Operation } from './client.ts';

type Node = Record<string, unknown>;

/** @throws when a test fails, or a path leads nowhere */
export function applyPatch<T>(object: T, operations: readonly Operation[]): T {
  const copy = structuredClone(object);
  for (const operation of operations) {
    const { op, path } = operation;
    const value = 'value' in operation ? operation.value : undefined;
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
    if (op !== 'test') change(place, op, last, value);
    else if (!isDeepStrictEqual(place[last] ?? null, value)) throw new Error(`test of ${path} failed`);
  }
  return copy;
}

function change(place: Node | unknown[], op: Operation['op'], last: string, value: unknown): void {
  if (op !== 'add' && !(last in place)) throw new Error(`${last} is not there`);
  const copy = structuredClone(value);
  if (Array.isArray(place)) {
    const at = last === '-' ? place.length : Number(last);
    place.splice(at, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [copy]));
  } else if (op === 'remove') delete place[last];
  else place[last] = copy;
}
