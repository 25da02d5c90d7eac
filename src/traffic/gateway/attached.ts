/**
 * The annotation that says what a route was before the candidate's reference was added, so that any replica can take it out
 * again. A text of ours in an object of others: what cannot be read counts as not there.
 */
import { z } from 'zod';
import { ATTACHED, type RouteObject } from './object.ts';
import type { SplitRule } from './split.ts';

const Attached = z.object({
  /** Name of the candidate's backend. */
  candidate: z.string(),
  /** One for each rule that was given a reference, in their order. */
  rules: z.array(
    z.object({
      index: z.int().nonnegative(),
      name: z.string().optional(),
      /** Of the baseline's reference; absent where it had none. */
      weight: z.int().nonnegative().optional(),
    }),
  ),
});
export type Attached = z.output<typeof Attached>;
export type AttachedRule = Attached['rules'][number];

export function attachedOf({ metadata: { annotations } }: RouteObject): Attached | undefined {
  const text = annotations?.[ATTACHED];
  if (text === undefined) return undefined;
  try {
    return Attached.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * What was recorded of each rule that holds the pair. Others may have added, moved or removed rules since: a name tells them
 * apart, else their order does while none is missing, else the place. Undefined: nothing is known of that rule.
 */
export function recordsOf(rules: readonly SplitRule[], { rules: recorded }: Attached): (AttachedRule | undefined)[] {
  const isSameCount = rules.length === recorded.length;
  return rules.map(({ name, index }, n) => {
    if (name !== undefined) return recorded.find(one => one.name === name);
    const unnamed = recorded.filter(one => one.name === undefined);
    return isSameCount && recorded[n]?.name === undefined ? recorded[n] : unnamed.find(one => one.index === index);
  });
}
