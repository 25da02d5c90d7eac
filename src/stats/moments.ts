/**
 * Mean and squared deviations that survive large offsets, tiny spreads and extreme magnitudes. Each value is taken relative
 * to the first one (exact where values lie close together) and divided by a power of two (always exact), so that squares
 * neither cancel, overflow nor vanish. Sums of blocks are compensated: 1e6 values cost no more digits than ten.
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
export function momentsOf(sample: ArrayLike<number>): Moments {
  const x = sample instanceof Float64Array ? sample : new Float64Array(sample);
  const n = x.length;
  const first = n > 0 ? x[0]! : Number.NaN;
  const { min, max } = rangeOf(x);
  if (n === 0 || min === max) return { n, first, unit: 0, shift: 0, squares: 0, min, max };
  if (min === Number.NEGATIVE_INFINITY || max === Number.POSITIVE_INFINITY) {
    return { n, first, unit: Number.NaN, shift: Number.NaN, squares: Number.NaN, min, max };
  }
  const reach = Math.max(max - first, first - min);
  const unit = reach === Number.POSITIVE_INFINITY ? 2 ** 1023 : powerOfTwoBelow(reach);
  const scale = 1 / unit;
  const shift = sumOfDeviations(x, scale, first * scale) / n;
  return { n, first, unit, shift, squares: squaredDeviations(x, scale, { origin: first * scale, shift }), min, max };
}

/** The least and the largest; Math.min and Math.max let a NaN through, so that it need not be looked for apart. */
function rangeOf(x: Float64Array): { min: number; max: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let otherMin = min;
  let otherMax = max;
  const even = x.length - (x.length % 2);
  for (let i = 0; i < even; i += 2) {
    const a = x[i]!;
    const b = x[i + 1]!;
    min = Math.min(min, a);
    max = Math.max(max, a);
    otherMin = Math.min(otherMin, b);
    otherMax = Math.max(otherMax, b);
  }
  if (even < x.length) otherMin = Math.min(otherMin, x[even]!);
  if (even < x.length) otherMax = Math.max(otherMax, x[even]!);
  min = Math.min(min, otherMin);
  if (Number.isNaN(min)) {
    const index = x.findIndex(Number.isNaN);
    throw new RangeError(`a sample must not hold NaN, found one at index ${index}: drop or count it first`);
  }
  return { min, max: Math.max(max, otherMax) };
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

/** Values summed plainly, in four chains that a processor runs side by side; the sums of blocks are compensated. */
const BLOCK = 64;

/**
 * Scaled before the first value is taken off: by a power of two that is exact, and the difference of two huge values of
 * opposite sign does not overflow.
 */
function sumOfDeviations(x: Float64Array, scale: number, origin: number): number {
  let sum = 0;
  let lost = 0;
  for (let start = 0; start < x.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, x.length);
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let i = start;
    for (; i + 3 < end; i += 4) {
      a += x[i]! * scale - origin;
      b += x[i + 1]! * scale - origin;
      c += x[i + 2]! * scale - origin;
      d += x[i + 3]! * scale - origin;
    }
    for (; i < end; i++) a += x[i]! * scale - origin;
    const block = a + b + (c + d);
    const next = sum + block;
    const carried = next - sum;
    lost += sum - (next - carried) + (block - carried);
    sum = next;
  }
  return sum + lost;
}

/** The shift's own rounding enters squared, far below the last digit. */
function squaredDeviations(
  x: Float64Array,
  scale: number,
  { origin, shift }: { origin: number; shift: number },
): number {
  let sum = 0;
  let lost = 0;
  for (let start = 0; start < x.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, x.length);
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let i = start;
    for (; i + 3 < end; i += 4) {
      const da = x[i]! * scale - origin - shift;
      const db = x[i + 1]! * scale - origin - shift;
      const dc = x[i + 2]! * scale - origin - shift;
      const dd = x[i + 3]! * scale - origin - shift;
      a += da * da;
      b += db * db;
      c += dc * dc;
      d += dd * dd;
    }
    for (; i < end; i++) {
      const deviation = x[i]! * scale - origin - shift;
      a += deviation * deviation;
    }
    const block = a + b + (c + d);
    const next = sum + block;
    lost += block - (next - sum);
    sum = next;
  }
  return sum + lost;
}
