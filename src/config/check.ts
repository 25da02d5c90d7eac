/**
 * Checks a value against a schema and words what is wrong: what was found, what is allowed, and for an unknown field the
 * one that was probably meant. Reports every finding, with its path; the caller adds file and line.
 */
import type { z } from 'zod';
import { nearest, oneOf, show } from './show.ts';
import type { Path } from './source.ts';

/** `key` points at the name of a field inside the mapping at `path`. */
export type Report = (path: Path, message: string, key?: string) => void;

/** Says why a field that later versions have is refused, or undefined for a field nobody knows. */
export type Later = (key: string, path: Path) => string | undefined;

/** Unknown fields told of one mapping: looking for what each may mean takes time. */
const MAX_UNKNOWN = 100;

interface RawIssue {
  code?: string;
  input?: unknown;
  expected?: string;
  values?: readonly unknown[];
  keys?: readonly string[];
  origin?: string;
  minimum?: number | bigint;
  maximum?: number | bigint;
  inclusive?: boolean;
  path?: readonly PropertyKey[] | undefined;
  inst?: { _zod?: { def?: { shape?: Record<string, unknown> } } };
}

interface Issue {
  code?: string | undefined;
  path: readonly PropertyKey[];
  message: string;
  keys?: readonly string[];
  errors?: readonly (readonly Issue[])[];
}

/** The parsed value with defaults filled in, or undefined after at least one report. `base` stands before every path. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  report: Report,
  options: { base?: Path; later?: Later } = {},
): z.output<Schema> | undefined {
  const { base = [], later } = options;
  const result = schema.safeParse(value, { error: issue => wording(issue as RawIssue, later) });
  if (result.success) return result.data;
  for (const issue of result.error.issues) reportIssue(issue as Issue, base, report);
  return undefined;
}

function reportIssue(issue: Issue, base: Path, report: Report): void {
  const path = [...base, ...issue.path.map(part => (typeof part === 'symbol' ? String(part) : part))];
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n');
    for (const [index, key] of (issue.keys ?? []).slice(0, MAX_UNKNOWN).entries())
      report(path, messages[index] ?? issue.message, key);
    return;
  }
  if (issue.code === 'invalid_union') {
    // The alternative whose kind fits is the one that was meant: its findings say more than "no alternative fits".
    const meant = issue.errors?.find(issues => issues.every(inner => !isOtherKind(inner))) ?? [];
    for (const inner of meant) reportIssue(inner, path, report);
    if (meant.length > 0) return;
  }
  report(path, issue.message);
}

/** A finding on the value as a whole: it is no mapping, or not the one literal that is allowed. */
function isOtherKind({ code, path }: Issue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

function wording(issue: RawIssue, later: Later | undefined): string {
  const found = show(issue.input);
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return `is required: ${kindOf(issue.expected)}`;
      return `must be ${kindOf(issue.expected)}; found ${found}`;
    case 'invalid_value':
      return valueWording(issue, found);
    case 'unrecognized_keys':
      return (issue.keys ?? [])
        .slice(0, MAX_UNKNOWN)
        .map(key => unknownField(key, issue, later))
        .join('\n');
    case 'too_small':
    case 'too_big':
      return boundWording(issue, found);
    default:
      return `is not allowed here; found ${found}`;
  }
}

function boundWording({ code, origin, minimum, maximum, inclusive }: RawIssue, found: string): string {
  const bound = minimum ?? maximum;
  const side = code === 'too_big' ? 'at most' : 'at least';
  if (origin === 'array') return `must hold ${side} ${bound}; found ${found}`;
  if (origin === 'string') return `must have ${side} ${bound} characters; found ${found}`;
  if (inclusive === false) return `must be ${code === 'too_big' ? 'less' : 'more'} than ${bound}; found ${found}`;
  return `must be ${side} ${bound}; found ${found}`;
}

function valueWording(issue: RawIssue, found: string): string {
  const allowed = (issue.values ?? []).map(value => String(value));
  if (issue.input === undefined) return `is required: ${oneOf(allowed)}`;
  const meant = typeof issue.input === 'string' ? nearest(issue.input, allowed) : undefined;
  const guess = meant !== undefined && allowed.length > 1 ? `; did you mean ${meant}?` : '';
  return `must be ${oneOf(allowed)}; found ${found}${guess}`;
}

function unknownField(key: string, issue: RawIssue, later: Later | undefined): string {
  const at = (issue.path ?? []).map(part => (typeof part === 'symbol' ? String(part) : part));
  const reason = later?.(key, at);
  if (reason !== undefined) return reason;
  return unknownFieldMessage(key, Object.keys(issue.inst?._zod?.def?.shape ?? {}));
}

/** `unknown field "wieght"; did you mean "weight"? Allowed: weight, hold`. */
export function unknownFieldMessage(key: string, allowed: readonly string[]): string {
  const meant = nearest(key, allowed);
  const guess = meant === undefined ? '.' : `; did you mean "${meant}"?`;
  return `unknown field ${show(key)}${guess} Allowed: ${allowed.join(', ')}`;
}

function kindOf(expected: string | undefined): string {
  const kinds: Record<string, string> = {
    object: 'a mapping',
    record: 'a mapping',
    array: 'a list',
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    nonoptional: 'a value',
  };
  return kinds[expected ?? ''] ?? expected ?? 'something else';
}
