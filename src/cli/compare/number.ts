/** One value as a file writes it. NaN and infinities are values, ruled on by the comparison; text is a problem. */

/** Undefined: an empty cell, no value. A string: what is wrong. */
export function valueOf(found: unknown): number | undefined | string {
  if (typeof found === 'number') return found;
  if (typeof found === 'boolean') return found ? 1 : 0;
  if (found === null || found === undefined) return undefined;
  if (typeof found === 'string') return valueOfText(found);
  return `must be a number; found ${Array.isArray(found) ? 'a list' : 'an object'}`;
}

/** A value of this metric. Of `errors`, nothing is no error and a message is one. */
export function valueFor(name: string, found: unknown): number | undefined | string {
  const value = valueOf(found);
  if (name !== 'errors') return value;
  return typeof value === 'string' ? 1 : (value ?? 0);
}

const WORDS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
  '+inf': Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  '-infinity': Number.NEGATIVE_INFINITY,
  true: 1,
  false: 0,
};
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function valueOfText(text: string): number | undefined | string {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (DECIMAL.test(trimmed)) return Number(trimmed);
  const word = WORDS[trimmed.toLowerCase()];
  if (word !== undefined) return word;
  const shown = trimmed.length > 40 ? `${trimmed.slice(0, 40)}…` : trimmed;
  const unit = /^[\d.]+\s*(ns|us|µs|ms|s|USD|\$)$/.exec(trimmed);
  if (unit) return `must be a plain number; found "${shown}": leave out "${unit[1]}" and say it with --unit`;
  if (/^\d+,\d+$/.test(trimmed)) return `must be a number with a decimal point; found "${shown}"`;
  return `must be a number; found ${JSON.stringify(shown)}`;
}
