import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { UnitSet } from './unit-set.ts';

function bytesOf(units: UnitSet): Uint8Array {
  const writer = new StateWriter(1);
  units.write(writer);
  return writer.bytes();
}

describe('the set of units', () => {
  const steps = fc.array(
    fc.tuple(fc.oneof(fc.nat(50), fc.integer({ min: 0, max: 2 ** 32 - 1 })), fc.constantFrom(1, 2, 128)),
    { maxLength: 400 },
  );

  test('says of each unit and mark once that it is new, as a plain set does', () => {
    fc.assert(
      fc.property(steps, all => {
        const units = new UnitSet();
        const model = new Set<string>();
        for (const [hash, mark] of all) {
          const key = `${hash || 1}/${mark}`;
          expect(units.has(hash, mark)).toBe(model.has(key));
          expect(units.add(hash, mark)).toBe(!model.has(key));
          model.add(key);
        }
      }),
    );
  });

  test('read back, is the same table to the byte and goes on alike', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const units = new UnitSet();
        for (const [hash, mark] of before) units.add(hash, mark);
        const copy = UnitSet.read(new StateReader(bytesOf(units), 1));
        for (const [hash, mark] of after) expect(copy.add(hash, mark)).toBe(units.add(hash, mark));
        expect(bytesOf(copy)).toEqual(bytesOf(units));
      }),
    );
  });

  test('lets a unit speak once a round, also across a snapshot', () => {
    const units = new UnitSet();
    expect([units.addOncePer(1, 5), units.addOncePer(1, 5), units.addOncePer(3, 5)]).toEqual([true, false, true]);
    const copy = UnitSet.read(new StateReader(bytesOf(units), 1));
    expect([copy.addOncePer(3, 5), copy.addOncePer(4, 5), copy.add(5, 1)]).toEqual([false, true, true]);
  });

  test('that is full takes no new unit, and still knows those it has', () => {
    const units = new UnitSet(64);
    const taken = Array.from({ length: 100 }, (_, i) => units.add(i * 7919 + 1, 1)).filter(Boolean).length;
    expect([taken, units.size]).toEqual([48, 48]);
    expect([units.add(1, 1), units.add(1, 2)]).toEqual([false, true]);
  });

  test('refuses bytes of an impossible table', () => {
    const writer = new StateWriter(1).count(63).count(1);
    expect(() => UnitSet.read(new StateReader(writer.bytes(), 1))).toThrow(RangeError);
  });
});
