/** The answer begins with the value, exactly: no space is skipped and no case is folded. */
import type { Json } from '../../config/plan.ts';
import type { Finding } from './finding.ts';
import { quote, textOf } from './text.ts';

export function startsWith(output: string, value: Json): Finding {
  const text = textOf(value);
  const holds = output.startsWith(text);
  const reason = holds ? `starts with ${quote(text)}` : `starts with ${quote(output.slice(0, 40))}, not ${quote(text)}`;
  return { decided: true, holds, reason };
}
