/**
 * Tests of paired data are asked with both samples or with the differences alone; either way they go on with differences.
 */
import type { Sample } from './outcome.ts';
import { valuesIn } from './prepared-sample.ts';

/** (differences, options) or (x, y, options). @throws RangeError on unequal lengths */
export function differencesAndOptions<Options extends object>(
  first: Sample,
  second: Sample | Options | undefined,
  third: Options | undefined,
): [differences: Sample, options: Partial<Options>] {
  if (second === undefined || !('length' in second)) return [first, second ?? {}];
  return [pairedDifferences(first, second as Sample), third ?? {}];
}

/** x[i] − y[i]. @throws RangeError on unequal lengths */
export function pairedDifferences(x: Sample, y: Sample): Float64Array {
  const [before, after] = [valuesIn(x), valuesIn(y)];
  if (before.length !== after.length)
    throw new RangeError(`paired samples need equal lengths, got ${before.length} and ${after.length}`);
  return Float64Array.from({ length: before.length }, (_, i) => before[i]! - after[i]!);
}
