/**
 * A native histogram as the HTTP API writes it, into buckets with indexes. The answer holds bounds alone: the schema is found again
 * from how much wider each bucket is than the one before, and checked against every bound. What does not fit is refused, not rounded.
 */
import { type NativeBuckets, nativeBound } from '../../stats/native-grid.ts';
import { type NativeJson, numberOf } from './answer.ts';

/** Bounds are written in decimal with all their digits; the two roundings are of some 1e-16. */
const CLOSE = 1e-12;
/** Inclusive at both ends: the zero bucket. */
const CLOSED_BOTH = 3;
/** (left, right]: buckets of positive values. */
const OPEN_LEFT = 0;

/**
 * Empty buckets are not in the answer; without a zero bucket the threshold counts as 0, which merges exactly.
 * @throws RangeError for negative or custom buckets (schema −53), and for counts that are not whole numbers ≥ 0
 * @see Prometheus, HTTP API, native histograms: [0, "1", "2", "5"] are five values in (1, 2], index 1 of schema 0
 */
export function nativeBuckets({ buckets = [] }: NativeJson): NativeBuckets {
  let [zeroThreshold, zeroCount] = [0, 0];
  const positive: { left: number; right: number; count: number }[] = [];
  for (const [rule, leftText, rightText, countText] of buckets) {
    const [left, right, held] = [numberOf(leftText), numberOf(rightText), wholeOf(numberOf(countText))];
    if (rule === CLOSED_BOTH && left === -right) [zeroThreshold, zeroCount] = [right, held];
    else if (rule === OPEN_LEFT && left > 0) positive.push({ left, right, count: held });
    else throw new RangeError(`a bucket from ${leftText} to ${rightText} is none of a native histogram of durations`);
  }
  const schema = schemaOf(positive);
  const indexes = positive.map(({ left, right }) => indexOf(schema, left, right));
  return { schema, zeroThreshold, zeroCount, indexes, counts: positive.map(bucket => bucket.count) };
}

/** An empty histogram is as fine as any: it is merged down to the others. */
function schemaOf(positive: readonly { left: number; right: number }[]): number {
  const [first] = positive;
  if (!first) return 8;
  // Adding 0 makes 0 of −0.
  const schema = Math.round(-Math.log2(Math.log2(first.right / first.left))) + 0;
  if (schema >= -4 && schema <= 8) return schema;
  throw new RangeError(
    `buckets from ${first.left} to ${first.right} are not exponential: query the classic series (custom buckets)`,
  );
}

function indexOf(schema: number, left: number, right: number): number {
  const index = Math.round(Math.log2(right) * 2 ** schema) + 0;
  const isClose = (x: number, y: number) => Math.abs(x - y) <= CLOSE * y;
  if (isClose(left, nativeBound(schema, index - 1)) && isClose(right, nativeBound(schema, index))) return index;
  throw new RangeError(`a bucket from ${left} to ${right} is none of schema ${schema}`);
}

function wholeOf(count: number): number {
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new RangeError(`counts must be whole numbers ≥ 0, got ${count}: query the counters, not rate() or increase()`);
}
