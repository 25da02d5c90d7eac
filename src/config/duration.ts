/**
 * Durations as people write them: one whole number and one unit, `250ms`, `30s`, `5m`, `1h`. No sums and no fractions, so
 * that every duration has one reading. Pure text and numbers: no schema library, because the command line shows durations.
 */

/** Longest that is accepted, 24 days: Node's timers fire at once when given more than 2^31 - 1 ms. */
export const MAX_DURATION_MS = 24 * 86_400_000;
export const DURATION = /^\d{1,10}(ms|s|m|h)$/;

const UNIT_MS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds. @throws RangeError for text that is no duration */
export function durationMs(text: string): number {
  if (!DURATION.test(text)) throw new RangeError(`"${text}" is not a duration such as 250ms, 30s, 5m or 1h`);
  const [, amount = '', unit = ''] = /^(\d+)(\D+)$/.exec(text) ?? [];
  return Number(amount) * UNIT_MS[unit]!;
}
