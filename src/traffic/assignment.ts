import { hash } from 'node:crypto';

/**
 * Which arm a unit gets, for those who ask the server (OFREP) instead of keeping assignments in memory. The SDK has a
 * copy of its own because it imports nothing of ours; both are held to the same test vectors. Decides only: what
 * content an arm has, and whether the split is still in force, is not known here.
 */
export const BUCKETS = 10_000;

/** The part of a route that decides an assignment. */
export interface Split {
  /** The release's id: each release shuffles the units anew. */
  salt: string;
  /** Share of units that get the candidate, integer percent. */
  weight: number;
  /** Null when nothing is split. */
  candidate: string | null;
}

/** As OpenFeature names it: DEFAULT without a unit, STATIC with nothing to split, else SPLIT. */
export interface Assigned {
  variant: 'baseline' | 'candidate';
  reason: 'SPLIT' | 'STATIC' | 'DEFAULT';
}

/**
 * The arm of a unit. Without a unit it is the baseline: nobody is exposed to a candidate who cannot be kept on it.
 * @param unit the `targetingKey`; an empty one is none
 */
export function assign(split: Split, unit: string | undefined): Assigned {
  if (!unit) return { variant: 'baseline', reason: 'DEFAULT' };
  if (split.candidate === null) return { variant: 'baseline', reason: 'STATIC' };
  const isCandidate = isCandidateBucket(bucketOf(split.salt, unit), split.weight);
  return { variant: isCandidate ? 'candidate' : 'baseline', reason: 'SPLIT' };
}

/**
 * The bucket of a unit: `uint32be(sha256(salt + "\0" + unit)[0..4]) mod 10000`, over the UTF-8 bytes.
 * @returns an integer from 0 to 9999
 */
export function bucketOf(salt: string, unit: string): number {
  return unitHashOf(salt, unit) % BUCKETS;
}

/** The unsigned 32 bits behind the bucket: they also name a unit, within one release, where keeping its key would be too much. */
export function unitHashOf(salt: string, unit: string): number {
  return Number.parseInt(hash('sha256', `${salt}\0${unit}`, 'hex').slice(0, 8), 16);
}

/** Whether a bucket belongs to the candidate at this weight (integer percent, 0 to 100). */
export function isCandidateBucket(bucket: number, weight: number): boolean {
  return bucket < weight * (BUCKETS / 100);
}
