/**
 * A margin on counts by bucket. A value within a bucket cannot be scaled, but a bound on it can: of a candidate value in
 * (a, b] only "above a" is known, so after the margin it is above a/(1+τ) and above every bound up to there, and no more is
 * claimed. Each value goes into the lowest bucket it may be in, which keeps "not worse than the margin allows" true wherever
 * it was true of the values: tests stay valid with any buckets, and coarse ones cost power, never false alarms.
 */
import { BinnedSample } from './binned-sample.ts';

export interface BinnedMargin {
  /** Harmless change, ≥ 0: τ of a ratio (0.05 = 5 %), δ of a difference, in the data's unit. Default 0. */
  readonly margin?: number;
  /** Which direction is a regression. Default 'higher'. */
  readonly worse?: 'higher' | 'lower';
  /** 'ratio', the default: the candidate over (1+τ), or times it where lower is worse. 'difference': less δ, or plus it. */
  readonly scale?: 'ratio' | 'difference';
}

/**
 * The candidate less its margin, each value where it looks least worse; to be compared with the baseline in the same buckets
 * by any rank test. Without margin the candidate itself. Values are ≥ 0 where a ratio is asked for. O(buckets).
 * @throws RangeError for a margin below 0
 */
export function lessMargin(candidate: BinnedSample, options: BinnedMargin = {}): BinnedSample {
  const { bounds } = candidate;
  const places = placesLessMargin(bounds, options);
  const counts = new Float64Array(bounds.length + 1);
  candidate.counts.forEach((count, bucket) => {
    const place = places[bucket]!;
    counts[place] = counts[place]! + count;
  });
  return new BinnedSample(bounds, counts);
}

/** For each bucket of the candidate, the bucket where its values look least worse. */
function placesLessMargin(bounds: Float64Array, options: BinnedMargin): number[] {
  const harmless = harmlessOf(options);
  const last = bounds.length;
  const places: number[] = [];
  if (options.worse === 'lower') {
    // At most b before the margin, so at most the first bound that b reaches with it.
    let place = 0;
    for (const bound of bounds) {
      const highest = harmless(bound);
      while (place < last && bounds[place]! < highest) place++;
      places.push(place);
    }
    return [...places, last];
  }
  let below = 0;
  places.push(0);
  for (const bound of bounds) {
    const lowest = harmless(bound);
    while (below < last && bounds[below]! <= lowest) below++;
    places.push(below);
  }
  return places;
}

function harmlessOf({ margin = 0, worse = 'higher', scale = 'ratio' }: BinnedMargin): (bound: number) => number {
  if (!(margin >= 0 && Number.isFinite(margin))) throw new RangeError(`a margin must be ≥ 0, got ${margin}`);
  if (scale === 'difference') return worse === 'higher' ? bound => bound - margin : bound => bound + margin;
  // A bound below 0 moves towards 0, which is up: there is no ratio, and nothing is claimed.
  if (worse === 'higher') return bound => (bound > 0 ? bound / (1 + margin) : bound * (1 + margin));
  return bound => (bound > 0 ? bound * (1 + margin) : bound / (1 + margin));
}

/**
 * The change below which these buckets can show nothing, however many values there are: where every value of the candidate
 * is the baseline's times a factor (plus a shift) up to this one, the candidate less its margin is not worse than the baseline.
 * A ratio ≥ 1 + τ (for lower is worse: as much lower), or a difference ≥ δ; Infinity where no change at all would show.
 */
export function leastTellable(candidate: BinnedSample, options: BinnedMargin = {}): number {
  const { bounds, counts } = candidate;
  const places = placesLessMargin(bounds, options);
  const isLower = options.worse === 'lower';
  const apart = (worse: number, looks: number) => {
    if (options.scale === 'difference') return Math.abs(worse - looks);
    return isLower ? looks / worse : worse / looks;
  };
  let least = Number.POSITIVE_INFINITY;
  counts.forEach((count, bucket) => {
    const place = places[bucket]!;
    const known = isLower ? bounds[bucket] : bounds[bucket - 1];
    const looks = isLower ? bounds[place] : bounds[place - 1];
    if (count === 0 || known === undefined || looks === undefined) return;
    // Looks above 0 and no more: so does any part of it, and no factor is too large.
    if (options.scale !== 'difference' && !(looks > 0 && known > 0)) return;
    least = Math.min(least, apart(known, looks));
  });
  return least;
}
