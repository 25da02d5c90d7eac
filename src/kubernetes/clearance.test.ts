import { expect, test } from 'vitest';
import { drainLeftMs } from './clearance.ts';

test.each([
  ['has not begun while the route gives the candidate anything', { isClear: false, sinceMs: 0 }, undefined],
  ['begins when the route is clear', { isClear: true, sinceMs: 1_000 }, 5_000],
  ['runs from then on', { isClear: true, sinceMs: -2_000 }, 2_000],
  ['is over in the end', { isClear: true, sinceMs: -60_000 }, 0],
  ['is none where there is no route any more', { isClear: true }, 0],
])('a drain %s', (_name, clearance, leftMs) =>
  expect(drainLeftMs({ ...clearance, why: '' }, 5_000, 1_000)).toBe(leftMs),
);
