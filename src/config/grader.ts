/**
 * The graders of this version: which there are, and what value each takes. Used for native suites and for promptfoo's
 * assertions alike. A value that could never fail, such as an empty text, is a problem.
 */
import type { Report } from './check.ts';
import type { GraderType, Json } from './plan.ts';
import { show } from './show.ts';
import type { Path } from './source.ts';

export const GRADER_TYPES = [
  'equals',
  'contains',
  'icontains',
  'contains-all',
  'contains-any',
  'icontains-all',
  'icontains-any',
  'regex',
  'starts-with',
] as const satisfies readonly GraderType[];

export function isGraderType(text: string): text is GraderType {
  return (GRADER_TYPES as readonly string[]).includes(text);
}

/** The value as the grader takes it, or undefined after a report. `path` leads to the value. */
export function graderValue(type: GraderType, value: unknown, path: Path, report: Report): Json | undefined {
  if (value === undefined) {
    report(path.slice(0, -1), `needs a value for ${type}`);
    return undefined;
  }
  if (type === 'equals') return value as Json;
  if (type.endsWith('-all') || type.endsWith('-any')) return listValue(type, value, path, report);
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string' || value === '') {
    report(path, `must be text that is not empty, for ${type}; found ${show(value)}`);
    return undefined;
  }
  if (type === 'regex' && !isTemplate(value)) {
    try {
      new RegExp(value);
    } catch (error) {
      report(path, `is not a regular expression: ${(error as Error).message.replace(/^.*\/: /s, '')}`);
      return undefined;
    }
  }
  return value;
}

/** One string is split at its commas, as promptfoo does; with a template in it that has to wait for the variables. */
function listValue(type: GraderType, value: unknown, path: Path, report: Report): Json | undefined {
  if (typeof value === 'string' && isTemplate(value)) return value;
  const items: unknown = typeof value === 'string' ? splitAtCommas(value) : value;
  if (!Array.isArray(items) || items.length === 0) {
    report(path, `must be a list of texts that is not empty, for ${type}; found ${show(value)}`);
    return undefined;
  }
  const wrong = items.findIndex(item => (typeof item !== 'string' && typeof item !== 'number') || item === '');
  if (wrong === -1) return items.map(String);
  report([...path, wrong], `must be text that is not empty; found ${show(items[wrong])}`);
  return undefined;
}

/** `a, "b, c"` is two texts: double quotes keep a comma, and stand for themselves when doubled. */
export function splitAtCommas(text: string): string[] {
  const parts = text.match(/\s*(?:"(?:[^"]|"")*"\s*(?=,|$)|[^,]+)/g) ?? [];
  return parts
    .map(part => part.trim())
    .map(part => (/^".*"$/s.test(part) && part.length > 1 ? part.slice(1, -1).replaceAll('""', '"') : part))
    .filter(part => part !== '');
}

function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%');
}
