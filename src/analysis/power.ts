/**
 * What a detector finds, and when, by seeded simulation: the smallest regression that it finds nearly always, and the delay
 * until it finds a given one. Every size is tried on the same random numbers (run i has its own), so that a larger one is
 * found no later, up to rare exceptions, and most runs need not be repeated.
 */
import { seededRandom } from '../stats/random.ts';

/** The same run, whatever the size: chance depends on `run` alone. */
export type Chance = (run: number) => () => number;

/** @param seed runs of different seeds share no chance */
export function chanceOf(seed: number): Chance {
  return run => seededRandom(Math.imul(seed + 1, 0x9e3779b1) + run);
}

export interface Search {
  /** Largest size that is tried. */
  largest: number;
  runs: number;
  /** Share of the runs in which the size must be found, such as 0.95. */
  power: number;
}

const SMALLEST = 1e-4;
/** The answer is at most this much too large. */
const CLOSE = 1.02;

/**
 * The smallest size that is found in `power` of the runs, to 2 %; null when even the largest is not.
 * @param isFound whether run `run` finds a regression of this size
 */
export function smallestFound(
  isFound: (size: number, run: number) => boolean,
  { largest, runs, power }: Search,
): number | null {
  const foundAt = new Float64Array(runs).fill(Number.POSITIVE_INFINITY);
  const missedAt = new Float64Array(runs);
  const mostMissed = Math.floor(runs * (1 - power) + 1e-9);
  const isEnough = (size: number): boolean => {
    let missed = 0;
    for (let run = 0; run < runs; run++) {
      if (foundAt[run]! <= size) continue;
      if (missedAt[run]! < size && isFound(size, run)) foundAt[run] = size;
      else {
        missedAt[run] = Math.max(size, missedAt[run]!);
        if (++missed > mostMissed) return false;
      }
    }
    return true;
  };
  if (!(largest > SMALLEST) || !isEnough(largest)) return null;
  let [low, high] = [SMALLEST, largest];
  while (high > CLOSE * low) {
    const middle = Math.sqrt(low * high);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Sorted waits of all runs, Infinity for those without an end in sight. */
export interface Waits {
  sorted: Float64Array;
}

/**
 * How long each run takes. When the first quarter of the runs shows that most never end, the rest is spared.
 * @param waitOf of run `run`, in any unit; Infinity when the run did not end
 */
export function waits(waitOf: (run: number) => number, runs: number): Waits {
  const seen: number[] = [];
  let ended = 0;
  for (let run = 0; run < runs; run++) {
    const wait = waitOf(run);
    seen.push(wait);
    if (Number.isFinite(wait)) ended++;
    if (run + 1 === Math.ceil(runs / 4) && ended < (run + 1) / 4) break;
  }
  return waitsOf(seen);
}

/** @param seen one for each run, in any order */
export function waitsOf(seen: readonly number[]): Waits {
  return { sorted: Float64Array.from(seen).sort() };
}

/** The smallest wait that at least this share of the runs did not exceed; Infinity when fewer ended. @param share above 0, at most 1 */
export function waitOfShare({ sorted }: Waits, share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.POSITIVE_INFINITY;
}

/** The share of the runs that had ended by then, 0 to 1. */
export function shareBy({ sorted }: Waits, wait: number): number {
  let ended = 0;
  while (ended < sorted.length && sorted[ended]! <= wait) ended++;
  return ended / sorted.length;
}
