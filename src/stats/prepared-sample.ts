/**
 * A sample that is sorted and summed once for however many tests. Every test takes plain numbers as well; preparing pays where
 * several look at the same data, because most of a rank test is the sorting.
 */
import { BinnedSample } from './binned-sample.ts';
import { type Moments, momentsOf } from './moments.ts';
import type { Sample } from './outcome.ts';
import { compareRanks, type RankComparison } from './rank-comparison.ts';
import { sortedCopy } from './sort.ts';

/** Holds a copy: later changes of the array it came from do not reach it. Sorted and summed when first asked for. */
export class PreparedSample {
  readonly values: Float64Array;
  #sorted: Float64Array | undefined;
  #moments: Moments | undefined;
  #compared: { readonly other: PreparedSample; readonly ranks: RankComparison } | undefined;

  constructor(values: ArrayLike<number>) {
    this.values = new Float64Array(numbersIn(values));
  }

  get length(): number {
    return this.values.length;
  }

  /** Upward. Shared: never to be written to. @throws RangeError on NaN */
  get sorted(): Float64Array {
    this.#sorted ??= sortedCopy(this.values);
    return this.#sorted;
  }

  /** @throws RangeError on NaN */
  get moments(): Moments {
    this.#moments ??= momentsOf(this.values);
    return this.#moments;
  }

  /** Remembers the last other sample only: several tests of one pair walk along it once. */
  ranksAgainst(other: PreparedSample): RankComparison {
    if (this.#compared?.other !== other) {
      this.#compared = { other, ranks: compareRanks(this.sorted, other.sorted) };
    }
    return this.#compared.ranks;
  }
}

export function prepareSample(sample: Sample): PreparedSample {
  return sample instanceof PreparedSample ? sample : new PreparedSample(sample);
}

export function valuesIn(sample: Sample): ArrayLike<number> {
  return sample instanceof PreparedSample ? sample.values : numbersIn(sample);
}

/** Upward; never to be written to. */
export function sortedValues(sample: Sample): Float64Array {
  return sample instanceof PreparedSample ? sample.sorted : sortedCopy(valuesIn(sample));
}

export function sampleMoments(sample: Sample): Moments {
  return sample instanceof PreparedSample ? sample.moments : momentsOf(valuesIn(sample));
}

/** From JavaScript, where no type says it: null would count as 0, and a mean read off a histogram would be made up. */
function numbersIn(sample: ArrayLike<number>): ArrayLike<number> {
  if (ArrayBuffer.isView(sample)) return sample;
  if ((sample as unknown) instanceof BinnedSample)
    throw new RangeError('this needs values and got a histogram: only rank tests and quantiles can read one');
  if (!Array.isArray(sample)) throw new RangeError(`a sample must be an array of numbers, got ${String(sample)}`);
  for (let i = 0; i < sample.length; i++)
    if (typeof sample[i] !== 'number')
      throw new RangeError(
        `a sample must hold numbers only, found ${JSON.stringify(sample[i]) ?? 'nothing'} at index ${i}`,
      );
  return sample as number[];
}
