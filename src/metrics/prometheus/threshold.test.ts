import { describe, expect, test } from 'vitest';
import type { QueryResult } from './answer.ts';
import { judgeThreshold, type Threshold } from './threshold.ts';

const vector = (...values: number[]): QueryResult => ({
  type: 'vector',
  items: values.map(value => ({ labels: {}, atMs: 0, value })),
});
const scalar = (value: number): QueryResult => ({ type: 'scalar', atMs: 0, value });
const HISTOGRAM: QueryResult = {
  type: 'vector',
  items: [{ labels: {}, atMs: 0, histogram: { count: '0', sum: '0' } }],
};
const MAX = { name: 'queue', max: 5 };

describe('a threshold', () => {
  test.each<[string, Threshold, QueryResult, string]>([
    ['a value below the maximum is within', MAX, vector(4), 'within'],
    ['a value at the maximum is within', MAX, vector(5), 'within'],
    ['a value above the maximum breaches', MAX, vector(5.01), 'breached'],
    ['infinity breaches a maximum', MAX, vector(Number.POSITIVE_INFINITY), 'breached'],
    ['a value below the minimum breaches', { name: 'hits', min: 0.9 }, scalar(0.89), 'breached'],
    ['a value between both is within', { name: 'x', min: 1, max: 2 }, scalar(1.5), 'within'],
    ['nothing found is unknown', MAX, vector(), 'unknown'],
    ['NaN is unknown', MAX, vector(Number.NaN), 'unknown'],
    ['NaN as a scalar is unknown', MAX, scalar(Number.NaN), 'unknown'],
    ['several series are unknown', MAX, vector(1, 2), 'unknown'],
    ['a histogram is unknown', MAX, HISTOGRAM, 'unknown'],
  ])('%s', (_name, threshold, candidate, kind) => {
    expect(judgeThreshold(threshold, { candidate }).kind).toBe(kind);
  });

  test('says the number, the limit and what the baseline has', () => {
    expect(judgeThreshold(MAX, { candidate: vector(7), baseline: vector(6) })).toEqual({
      kind: 'breached',
      value: 7,
      baseline: 6,
      reason: 'queue is 7, above 5 (baseline 6)',
    });
  });

  test('is not held up by a baseline without a number', () => {
    expect(judgeThreshold(MAX, { candidate: vector(7), baseline: vector() })).toMatchObject({ kind: 'breached' });
  });

  test.each<Threshold>([{ name: 'x' }, { name: 'x', min: 2, max: 1 }, { name: 'x', max: Number.NaN }])(
    'refuses the limits %j',
    threshold => {
      expect(() => judgeThreshold(threshold, { candidate: vector(1) })).toThrow(RangeError);
    },
  );
});
