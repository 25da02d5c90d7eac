/**
 * The bounds that the document schemas keep in refinements, which no JSON Schema shows: durations longer than 0 and of at most
 * 24 days, percentages of at most 100. They are found by asking the schema, and come out as regular expressions, which
 * cannot overflow as CEL's `duration()` does.
 */
import type { z } from 'zod';
import { DURATION, MAX_DURATION_MS } from '../../src/config/duration.ts';
import { PERCENT } from '../../src/config/percent.ts';

export interface Bound {
  /** Matches what is within. */
  pattern: string;
  message: string;
}

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
/** Ten digits and `ms`, four digits and six after the point: CEL's cost is reckoned with the longest text. */
export const LONGEST_TEXT = 13;

/** @param schema of a text; others have no such bounds */
export function boundsOf(schema: z.core.$ZodType, pattern: string | undefined): Bound[] {
  const accepts = (text: string) => (schema as z.ZodType).safeParse(text).success;
  if (pattern === PERCENT.source)
    return accepts('101%')
      ? []
      : [{ pattern: '^(0{0,2}\\d{1,2}(\\.\\d{1,6})?|0?100(\\.0{1,6})?)%$', message: 'must be at most 100%' }];
  if (pattern !== DURATION.source) return [];
  return [
    ...(accepts('0s') ? [] : [{ pattern: '^0*[1-9]\\d*(ms|s|m|h)$', message: 'must be longer than 0' }]),
    { pattern: durationUpTo(MAX_DURATION_MS), message: 'must be at most 24 days (576h)' },
  ];
}

/** Matches the durations of at most this many milliseconds. */
export function durationUpTo(maxMs: number): string {
  const units = Object.entries(UNIT_MS).map(([unit, ms]) => `(${numberUpTo(Math.floor(maxMs / ms))})${unit}`);
  return `^0*(${units.join('|')})$`;
}

/** Matches the decimal numbers of at most `max`, without leading zeros: for 576 `\d{1,2}|[0-4]\d{2}|5[0-6]\d|57[0-5]|576`. */
function numberUpTo(max: number): string {
  const digits = String(max);
  const forms = digits.length > 1 ? [`\\d{1,${digits.length - 1}}`] : [];
  for (const [index, digit] of [...digits].entries()) {
    if (digit === '0') continue;
    const rest = digits.length - index - 1;
    forms.push(`${digits.slice(0, index)}[0-${Number(digit) - 1}]${rest > 0 ? `\\d{${rest}}` : ''}`);
  }
  return [...forms, digits].join('|');
}
