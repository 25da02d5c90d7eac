import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf, isCandidateBucket } from './assignment.ts';

const KEYS = 100_000;
const SALT = 'rel_bulk';
const WEIGHTS = [1, 10, 25, 50, 100];
const known = JSON.parse(readFileSync(new URL('../test/vectors.json', import.meta.url), 'utf8'));
const buckets = Array.from({ length: KEYS }, (_, index) => bucketOf(SALT, `user-${index}`));

function digestOf(numbers: readonly number[]): string {
  return createHash('sha256').update(numbers.join(',')).digest('hex');
}

function shareAt(weight: number): number {
  return buckets.filter(bucket => isCandidateBucket(bucket, weight)).length / KEYS;
}

describe('assignment', () => {
  test('reproduces the shared vectors, beyond ASCII too', () => {
    expect(known.vectors.length).toBeGreaterThan(50);
    for (const { salt, unit, bucket, candidateFromWeight } of known.vectors) {
      expect([salt, unit, bucketOf(salt, unit)]).toEqual([salt, unit, bucket]);
      expect(isCandidateBucket(bucket, candidateFromWeight)).toBe(true);
      expect(isCandidateBucket(bucket, candidateFromWeight - 1)).toBe(false);
    }
  });

  test('reproduces the digest over 100,000 shared units', () => {
    expect(known.bulk).toMatchObject({ salt: SALT, units: KEYS });
    expect(digestOf(buckets)).toBe(known.bulk.sha256);
  });

  test('is the same in a second process', () => {
    const script = `
      import { bucketOf } from ${JSON.stringify(new URL('./assignment.ts', import.meta.url).href)};
      import { createHash } from 'node:crypto';
      const buckets = Array.from({ length: ${KEYS} }, (_, index) => bucketOf('${SALT}', 'user-' + index));
      process.stdout.write(createHash('sha256').update(buckets.join(',')).digest('hex'));`;
    const other = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    expect(other).toBe(digestOf(buckets));
  });

  test.each(WEIGHTS)('gives the candidate its share within three standard errors at weight %i', weight => {
    const wanted = weight / 100;
    const standardError = Math.sqrt((wanted * (1 - wanted)) / KEYS);
    expect(Math.abs(shareAt(weight) - wanted)).toBeLessThanOrEqual(3 * standardError);
  });

  test('gives the candidate nobody at weight 0 and everybody at 100', () => {
    expect(shareAt(0)).toBe(0);
    expect(shareAt(100)).toBe(1);
  });

  test('never moves a unit back when the weight rises', () => {
    for (const [index, weight] of WEIGHTS.entries()) {
      const kept = buckets.filter(bucket => isCandidateBucket(bucket, weight));
      for (const higher of WEIGHTS.slice(index)) {
        expect(kept.every(bucket => isCandidateBucket(bucket, higher))).toBe(true);
      }
    }
  });

  test('picks other people first in the next release', () => {
    const both = buckets.filter(
      (bucket, index) => isCandidateBucket(bucket, 10) && isCandidateBucket(bucketOf('rel_next', `user-${index}`), 10),
    );
    expect(Math.abs(both.length / KEYS - 0.01)).toBeLessThanOrEqual(3 * Math.sqrt((0.01 * 0.99) / KEYS));
  });

  test('any salt and unit have one bucket from 0 to 9999', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (salt, unit) => {
        const bucket = bucketOf(salt, unit);
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket < 10_000).toBe(true);
        expect(bucketOf(salt, unit)).toBe(bucket);
      }),
    );
  });
});
