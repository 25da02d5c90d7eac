/** The answer holds one text, all of a list, or any of it; case is folded by the `i` forms. */
import type { Json } from '../../config/plan.ts';
import type { Finding } from './finding.ts';
import { listOf, quote, textOf } from './text.ts';

export function contains(output: string, value: Json, ignoreCase: boolean): Finding {
  const text = textOf(value);
  const holds = isIn(output, ignoreCase)(text);
  return { decided: true, holds, reason: `${holds ? 'contains' : 'does not contain'} ${quote(text)}` };
}

export function containsAll(output: string, value: Json, ignoreCase: boolean): Finding {
  const texts = listOf(value);
  if (texts.length === 0) return NOTHING;
  const missing = texts.filter(text => !isIn(output, ignoreCase)(text));
  const reason = missing.length === 0 ? `contains all of ${shown(texts)}` : `does not contain ${shown(missing)}`;
  return { decided: true, holds: missing.length === 0, reason };
}

export function containsAny(output: string, value: Json, ignoreCase: boolean): Finding {
  const texts = listOf(value);
  if (texts.length === 0) return NOTHING;
  const found = texts.find(isIn(output, ignoreCase));
  const reason = found === undefined ? `contains none of ${shown(texts)}` : `contains ${quote(found)}`;
  return { decided: true, holds: found !== undefined, reason };
}

const NOTHING: Finding = { decided: false, reason: 'the list of texts to look for is empty' };

function isIn(output: string, ignoreCase: boolean): (text: string) => boolean {
  if (!ignoreCase) return text => output.includes(text);
  const folded = output.toLowerCase();
  return text => folded.includes(text.toLowerCase());
}

function shown(texts: readonly string[]): string {
  const first = texts.slice(0, 5).map(quote).join(', ');
  return texts.length > 5 ? `${first} and ${texts.length - 5} more` : first;
}
