import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, digestOf } from './digest.ts';
import type { Json } from './plan.ts';

test('the canonical form sorts keys by UTF-16 units and writes numbers as RFC 8785 shows', () => {
  const value = {
    '\u20ac': 1,
    '\r': 2,
    '1': 3,
    '\u0080': 4,
    '\ud83d\ude02': 5,
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27],
  };
  expect(canonicalJson(value)).toBe(
    '{"\\r":2,"1":3,"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"\u0080":4,"\u20ac":1,"\ud83d\ude02":5}',
  );
});

test('a version is named by the SHA-256 of that form', () => {
  const hex = createHash('sha256').update('{"template":"Hi {{name}}"}').digest('hex');
  expect(digestOf({ template: 'Hi {{name}}' })).toBe(`sha256:${hex}`);
});

test('the order of keys does not change the digest, the order of a list does', () => {
  expect(digestOf({ a: 1, b: [1, 2] })).toBe(digestOf({ b: [1, 2], a: 1 }));
  expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
});

test('a value that came back from JSON has the same digest', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      expect(digestOf(JSON.parse(JSON.stringify(value)))).toBe(digestOf(value as Json));
    }),
  );
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, { deep: [Number.NEGATIVE_INFINITY] }, undefined])(
  'what JSON cannot carry has no digest: %j',
  value => expect(() => digestOf(value as Json)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' })),
);
