/**
 * Comparing with reference values: relative errors, p-values that may underflow, intervals measured by their own width.
 */
import { expect } from 'vitest';

/** One object of the reference file; numbers that JSON cannot hold are strings. */
export type Numbers = Record<string, number | string | boolean | null | (number | string)[] | undefined>;

export function num(value: unknown): number {
  return typeof value === 'number' ? value : Number(value);
}

/** Largest relative error met so far of each statistic and p-value; what is measured otherwise (logarithms, ends of intervals) is not here. */
export const worstErrors = new Map<string, number>();

function noteError(label: string, relativeError: number): void {
  if (/ (log10( p)?|low|high)$/.test(label)) return;
  const key = label.replace(/p_(two_sided|greater|less)$/, 'p');
  worstErrors.set(key, Math.max(worstErrors.get(key) ?? 0, relativeError));
}

export function near(label: string, actual: number, expected: unknown, relative: number, absolute = 0): void {
  const want = num(expected);
  if (Object.is(actual, want) || actual === want) return;
  const error = Math.abs(actual - want);
  if (want !== 0) noteError(label, error / Math.abs(want));
  const allowed = Math.max(relative * Math.abs(want), absolute);
  expect(error <= allowed, `${label}: ${actual} instead of ${want}, off by ${error} where ${allowed} is allowed`).toBe(
    true,
  );
}

/** A p-value: relative above 1e-100 and, looser, below; by its logarithm where it underflows. */
export function nearP(label: string, actual: { p: number; log10P: number }, expected: unknown, relative = 1e-10): void {
  const want = num(expected);
  if (want < 1e-290) {
    // Far out the reference may be 0: then ours must be at least that small.
    expect(actual.log10P, label).toBeLessThan(-289);
    return;
  }
  near(label, actual.p, want, want > 1e-100 ? relative : 1e-8);
  near(`${label} log10`, actual.log10P, Math.log10(want), 0, 4e-9);
}

export function nearInterval(label: string, actual: readonly number[], expected: unknown, tolerance: number): void {
  const [low, high] = (expected as unknown[]).map(num) as [number, number];
  const half = (high - low) / 2;
  near(`${label} low`, actual[0]!, low, 4e-16, tolerance * half);
  near(`${label} high`, actual[1]!, high, 4e-16, tolerance * half);
}
