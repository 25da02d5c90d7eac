/**
 * Which arm a unit gets: the first four bytes of a SHA-256 place it in one of 10,000 buckets, and the candidate takes the
 * lowest ones. So a unit keeps its place as long as the salt stays, and a higher weight never moves a unit back.
 * The server has a copy of its own; both are held to test/vectors.json, and so may be a port to another language.
 */
import { hash } from 'node:crypto';

const BUCKETS = 10_000;

/**
 * The bucket of a unit: `uint32be(sha256(salt + "\0" + unit)[0..4]) mod 10000`, over the UTF-8 bytes.
 * Hexadecimal because Node's one-shot hash answers it twice as fast as a Buffer (0.4 v 0.8 µs).
 * @returns an integer from 0 to 9999
 */
export function bucketOf(salt: string, unit: string): number {
  return Number.parseInt(hash('sha256', `${salt}\0${unit}`, 'hex').slice(0, 8), 16) % BUCKETS;
}

/** Whether a bucket belongs to the candidate at this weight (integer percent, 0 to 100). */
export function isCandidateBucket(bucket: number, weight: number): boolean {
  return bucket < weight * (BUCKETS / 100);
}
