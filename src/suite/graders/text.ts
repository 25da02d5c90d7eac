/** How graders read their values and speak of them: numbers and booleans as their text, long text cut for a reason. */
import type { Json } from '../../config/plan.ts';

const SHOWN_MAX = 80;

export function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text);
}

/**
 * The texts that a list grader looks for: a list as it is; one string is split at its commas, where double quotes keep
 * a comma inside and stand for themselves when doubled (`a, "b, c"` is two texts).
 */
export function listOf(value: Json): string[] {
  if (Array.isArray(value)) return value.map(textOf);
  const fields = textOf(value).match(/\s*(?:"(?:[^"]|"")*"|[^,"][^,]*)\s*(?=,|$)/g) ?? [];
  return fields
    .map(field => field.trim())
    .map(field => (/^".*"$/s.test(field) ? field.slice(1, -1).replaceAll('""', '"') : field))
    .filter(field => field !== '');
}
