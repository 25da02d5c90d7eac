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

/** Moves a bound with the values it bounds; must keep their order. */
export type Move = (bound: number) => number;

/**
 * The candidate less its margin, each value where it looks least worse; to be compared with the baseline in the same buckets
 * by any rank test. Without margin the candidate itself. Values are ≥ 0 where a ratio is asked for. O(buckets).
 * @throws RangeError for a margin below 0
 */
export function lessMargin(candidate: BinnedSample, options: BinnedMargin = {}): BinnedSample {
  return moved(candidate, placesLessMargin(candidate.bounds, options));
}

/** The same counts, those of each bucket in the one that `places` names. */
export function moved({ bounds, counts: found }: BinnedSample, places: readonly number[]): BinnedSample {
  const counts = new Float64Array(bounds.length + 1);
  found.forEach((count, bucket) => {
    const place = places[bucket]!;
    counts[place] = counts[place]! + count;
  });
  return new BinnedSample(bounds, counts);
}

/** For each bucket the lowest that its values may be in once they are moved: above their lower bound, and no more. */
export function lowestPlaces(bounds: Float64Array, move: Move): number[] {
  const places = [0];
  let below = 0;
  for (const bound of bounds) {
    const lowest = move(bound);
    while (below < bounds.length && bounds[below]! <= lowest) below++;
    places.push(below);
  }
  return places;
}

/** For each bucket the highest that its values may be in once they are moved: at most their upper bound. */
export function highestPlaces(bounds: Float64Array, move: Move): number[] {
  const places: number[] = [];
  let place = 0;
  for (const bound of bounds) {
    const highest = move(bound);
    while (place < bounds.length && bounds[place]! < highest) place++;
    places.push(place);
  }
  return [...places, bounds.length];
}

function placesLessMargin(
  bounds: Float64Array,
  { margin = 0, worse = 'higher', scale = 'ratio' }: BinnedMargin,
): number[] {
  if (!(margin >= 0 && Number.isFinite(margin))) throw new RangeError(`a margin must be ≥ 0, got ${margin}`);
  const by = scale === 'difference' ? margin : 1 + margin;
  if (worse === 'lower') return highestPlaces(bounds, scale === 'difference' ? b => b + by : timesOf(by));
  return lowestPlaces(bounds, scale === 'difference' ? b => b - by : overOf(by));
}

/** Of a bound below 0 the other way round: there is no ratio, and this keeps it on the side where nothing is claimed. */
function overOf(factor: number): Move {
  return bound => (bound > 0 ? bound / factor : bound * factor);
}

function timesOf(factor: number): Move {
  return bound => (bound > 0 ? bound * factor : bound / factor);
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
