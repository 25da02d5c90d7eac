/** The whole answer is the value; an object or a list is compared as data, whatever the order of its keys. */
import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../../config/plan.ts';
import type { Finding } from './finding.ts';
import { quote, textOf } from './text.ts';

export function equals(output: string, value: Json): Finding {
  if (typeof value !== 'object' || value === null) {
    const expected = textOf(value);
    const holds = output === expected;
    return { decided: true, holds, reason: `${quote(output)} ${holds ? 'equals' : 'is not'} ${quote(expected)}` };
  }
  const expected = quote(JSON.stringify(value));
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    return { decided: true, holds: false, reason: `${quote(output)} is not JSON; expected ${expected}` };
  }
  const holds = isDeepStrictEqual(parsed, value);
  return { decided: true, holds, reason: `${quote(output)} ${holds ? 'equals' : 'is not'} ${expected}` };
}
