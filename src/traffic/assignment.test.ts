import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { assign, bucketOf, isCandidateBucket } from './assignment.ts';

const known = JSON.parse(readFileSync(new URL('../../sdk/test/vectors.json', import.meta.url), 'utf8'));
const running = { salt: 'rel_7f3a', candidate: 'sha256:c' };

describe("the server's assignment", () => {
  test('reproduces the vectors that hold for the SDK', () => {
    for (const { salt, unit, bucket, candidateFromWeight } of known.vectors) {
      expect([salt, unit, bucketOf(salt, unit)]).toEqual([salt, unit, bucket]);
      expect(isCandidateBucket(bucket, candidateFromWeight)).toBe(true);
      expect(isCandidateBucket(bucket, candidateFromWeight - 1)).toBe(false);
    }
  });

  test.each([
    ['a unit below the weight gets the candidate', { ...running, weight: 100 }, 'user-1', 'candidate', 'SPLIT'],
    ['a unit above the weight stays on the baseline', { ...running, weight: 0 }, 'user-1', 'baseline', 'SPLIT'],
    ['no unit gets the baseline, even at weight 100', { ...running, weight: 100 }, undefined, 'baseline', 'DEFAULT'],
    ['an empty unit is none', { ...running, weight: 100 }, '', 'baseline', 'DEFAULT'],
    ['nothing to split is static', { salt: '', weight: 0, candidate: null }, 'user-1', 'baseline', 'STATIC'],
  ])('%s', (_name, split, unit, variant, reason) => {
    expect(assign(split, unit)).toEqual({ variant, reason });
  });

  test('a unit changes arm exactly at the weight that the vectors name', () => {
    for (const { salt, unit, candidateFromWeight } of known.vectors) {
      const at = (weight: number) => assign({ salt, weight, candidate: 'sha256:c' }, unit).variant;
      expect([at(candidateFromWeight - 1), at(candidateFromWeight)]).toEqual(['baseline', 'candidate']);
    }
  });
});
