import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellsOf, delimiterOf, isOpen } from './csv-row.ts';

const texts = (row: string, delimiter = ',') => cellsOf(row, delimiter).map(({ text }) => text);

describe('a row of CSV', () => {
  test.each([
    ['a,b,c', ['a', 'b', 'c']],
    ['', ['']],
    ['a,,', ['a', '', '']],
    ['"a,b","say ""so""",c', ['a,b', 'say "so"', 'c']],
    ['"two\nlines",1', ['two\nlines', '1']],
    ['"",x', ['', 'x']],
  ])('%j is %j', (row, cells) => {
    expect(texts(row)).toEqual(cells);
  });

  test('says where each cell begins', () => {
    expect(cellsOf('12,"a,b",7', ',').map(({ column }) => column)).toEqual([1, 4, 10]);
  });

  test('reads back any cells that are written by the rules', () => {
    const written = (cells: string[]) => cells.map(cell => `"${cell.replaceAll('"', '""')}"`).join(';');
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), cells => {
        expect(texts(written(cells), ';')).toEqual(cells);
        expect(isOpen(written(cells))).toBe(false);
      }),
    );
  });

  test.each([
    ['a,b', ','],
    ['"x,y";b;c', ';'],
    ['a\tb,c\td', '\t'],
    ['alone', ','],
  ])('of %j is split at %j', (row, delimiter) => {
    expect(delimiterOf(row)).toBe(delimiter);
  });
});
