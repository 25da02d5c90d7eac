/**
 * Mean and squared deviations that survive large offsets, tiny spreads and extreme magnitudes. Each value is taken relative
 * to the first one (exact where values lie close together) and divided by a power of two (always exact), so that squares
 * neither cancel, overflow nor vanish. Sums are compensated: 1e6 values cost no more digits than ten.
 */

/** value = first + unit · deviation. `mean` and `squares` are in units, and in units squared. */
export interface Moments {
  readonly n: number;
  readonly first: number;
  /** A power of two; 0 where all values are equal. */
  readonly unit: number;
  /** Mean deviation, in units. */
  readonly shift: number;
  /** Σ(deviation − shift)², in units². */
  readonly squares: number;
  readonly min: number;
  readonly max: number;
}

/** O(n), three passes. @throws RangeError on NaN. ±Infinity gives infinite `min` or `max` and no usable sums. */
export function momentsOf(x: ArrayLike<number>): Moments {
  const n = x.length;
  const first = n > 0 ? x[0]! : Number.NaN;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    const value = x[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
    if (Number.isNaN(value))
      throw new RangeError(`a sample must not hold NaN, found one at index ${i}: drop or count it first`);
  }
  if (n === 0 || min === max) return { n, first, unit: 0, shift: 0, squares: 0, min, max };
  if (min === Number.NEGATIVE_INFINITY || max === Number.POSITIVE_INFINITY) {
    return { n, first, unit: Number.NaN, shift: Number.NaN, squares: Number.NaN, min, max };
  }
  const reach = Math.max(max - first, first - min);
  const unit = reach === Number.POSITIVE_INFINITY ? 2 ** 1023 : powerOfTwoBelow(reach);
  const shift = meanDeviation(x, first, unit);
  return { n, first, unit, shift, squares: squaredDeviations(x, first, unit, shift), min, max };
}

/** mean(x) in the data's own unit. */
export function meanOf(moments: Moments): number {
  if (!isFiniteSample(moments)) return moments.min + moments.max;
  return moments.first + moments.shift * moments.unit;
}

export function isFiniteSample(moments: Moments): boolean {
  return Number.isFinite(moments.min) && Number.isFinite(moments.max);
}

/** The largest power of two ≤ x, but one whose inverse is finite too. */
function powerOfTwoBelow(x: number): number {
  let power = 2 ** Math.max(-1022, Math.min(1023, Math.floor(Math.log2(x))));
  if (power > x && power > 2 ** -1022) power /= 2;
  return power;
}

function meanDeviation(x: ArrayLike<number>, first: number, unit: number): number {
  const n = x.length;
  const scale = 1 / unit;
  // Halves where the difference of two huge values of opposite sign would overflow.
  const huge = unit === 2 ** 1023;
  let sum = 0;
  let lost = 0;
  for (let i = 0; i < n; i++) {
    const d = huge ? x[i]! * scale - first * scale : (x[i]! - first) * scale;
    const next = sum + d;
    const carried = next - sum;
    lost += sum - (next - carried) + (d - carried);
    sum = next;
  }
  return (sum + lost) / n;
}

function squaredDeviations(x: ArrayLike<number>, first: number, unit: number, shift: number): number {
  const n = x.length;
  const scale = 1 / unit;
  const huge = unit === 2 ** 1023;
  let sum = 0;
  let lost = 0;
  let rest = 0;
  for (let i = 0; i < n; i++) {
    const d = (huge ? x[i]! * scale - first * scale : (x[i]! - first) * scale) - shift;
    rest += d;
    const square = d * d;
    const next = sum + square;
    lost += square - (next - sum);
    sum = next;
  }
  return sum + lost - (rest / n) * rest;
}
