import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultOffset } from './json-fault.ts';
import { type Path, placeOf } from './json-place.ts';

describe('the place of a value in JSON text', () => {
  const text = '{\n  "a": [1, {"b\\"]": "x,{"}, 22],\n  "c": {"d": null}\n}';
  test.each<[Path, number, number]>([
    [[], 1, 1],
    [['a'], 2, 8],
    [['a', 0], 2, 9],
    [['a', 1, 'b"]'], 2, 21],
    [['a', 2], 2, 29],
    [['c', 'd'], 3, 14],
  ])('%j is at %i:%i', (path, line, column) => {
    expect(placeOf(text, path)).toEqual({ line, column });
  });

  test('is undefined for what is not there', () => {
    expect(placeOf(text, ['a', 7])).toBeUndefined();
    expect(placeOf(text, ['z'])).toBeUndefined();
    expect(placeOf(text, ['c', 0])).toBeUndefined();
  });

  test('is where the value begins, for any document, indented or not', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.array(fc.jsonValue())), fc.nat(4), (document, indent) => {
        const written = JSON.stringify(document, null, indent);
        for (const [key, list] of Object.entries(document)) {
          for (const [i, value] of list.entries()) {
            const place = placeOf(written, [key, i])!;
            const rest = written
              .split('\n')
              .slice(place.line - 1)
              .join('\n')
              .slice(place.column - 1);
            const begins = JSON.stringify(value)[0]!;
            expect(rest.startsWith(begins)).toBe(true);
            if (typeof value !== 'object' || value === null) expect(rest.startsWith(JSON.stringify(value))).toBe(true);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('the fault of a text that is no JSON', () => {
  test.each([
    ['{"a": [1,}', 9],
    ['{"a" [1', 5],
    ['{"a": 1} x', 9],
    ['[1, 2', 5],
    ['{"a": 01}', 7],
    ['["\\q"]', 1],
    ['', 0],
    ['[1,]', 3],
    ['{,}', 1],
  ])('of %j is at %i', (text, offset) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(faultOffset(text)).toBe(offset);
  });

  test('is never found in JSON, and always where a character was damaged or before', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(4), fc.nat(), (value, indent, at) => {
        const text = JSON.stringify(value, null, indent);
        expect(faultOffset(text)).toBe(text.length);
        const place = at % text.length;
        const damaged = `${text.slice(0, place)}\u0001${text.slice(place + 1)}`;
        expect(() => JSON.parse(damaged)).toThrow();
        expect(faultOffset(damaged)).toBeLessThanOrEqual(place);
      }),
    );
  });
});
