/**
 * Percentages as people write them: `5%`, `0.5%`. Documents never hold a bare fraction where a percentage is meant, so
 * that 5 and 0.05 cannot be mistaken for each other.
 */
export const PERCENT = /^\d{1,4}(\.\d{1,6})?%$/;

/** A fraction: `5%` is 0.05, exactly as the decimal 0.05 reads. @throws RangeError for text that is no percentage */
export function percentFraction(text: string): number {
  if (!PERCENT.test(text)) throw new RangeError(`"${text}" is not a percentage such as 5%`);
  return Number(`${text.slice(0, -1)}e-2`);
}

/** `0.05` is `5%`; rounded to six digits after the point. @param fraction finite, 0 or more */
export function formatPercent(fraction: number): string {
  return `${Number((fraction * 100).toFixed(6))}%`;
}
