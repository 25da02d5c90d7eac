import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../stats/random.ts';
import { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { BUCKETS, isCandidateBucket } from '../traffic/assignment.ts';
import { UnitSet } from './unit-set.ts';
import { MOST_EXACT_UNITS } from './unit-table.ts';

const KIB = 1024;
/** Three metrics and the first exposure. */
const MARKS = [1, 2, 4, 128];

function bytesOf(units: UnitSet): Uint8Array {
  const writer = new StateWriter(1);
  units.write(writer);
  return writer.bytes();
}

const copyOf = (units: UnitSet) => UnitSet.read(new StateReader(bytesOf(units), 1));

function hashes(count: number, seed = 1): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => Math.floor(random() * 2 ** 32));
}

/** A set that has met so many units on every mark and in round 1. */
function crowded(count: number, seed = 1): UnitSet {
  const units = new UnitSet();
  for (const hash of hashes(count, seed)) {
    for (const mark of MARKS) units.add(hash, mark);
    units.addOncePer(1, hash);
  }
  return units;
}

describe('while units are few', () => {
  const steps = fc.array(
    fc.tuple(fc.oneof(fc.nat(50), fc.integer({ min: 0, max: 2 ** 32 - 1 })), fc.constantFrom(1, 2, 128)),
    { maxLength: 400 },
  );

  test('the set says of each unit and mark once that it is new, as a plain set does', () => {
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

  test('read back, it is the same table to the byte and goes on alike', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const units = new UnitSet();
        for (const [hash, mark] of before) units.add(hash, mark);
        const copy = copyOf(units);
        for (const [hash, mark] of after) expect(copy.add(hash, mark)).toBe(units.add(hash, mark));
        expect(bytesOf(copy)).toEqual(bytesOf(units));
      }),
    );
  });

  test('a unit speaks once a round, also across a snapshot', () => {
    const units = new UnitSet();
    expect([units.addOncePer(1, 5), units.addOncePer(1, 5), units.addOncePer(3, 5)]).toEqual([true, false, true]);
    const copy = copyOf(units);
    expect([copy.addOncePer(3, 5), copy.addOncePer(4, 5), copy.add(5, 1)]).toEqual([false, true, true]);
  });

  test('none of 6,144 is lost', () => {
    const units = new UnitSet();
    const all = new Set(hashes(MOST_EXACT_UNITS));
    for (const hash of all) expect(units.add(hash, 2)).toBe(true);
    for (const hash of all) expect(units.add(hash, 2)).toBe(false);
    expect(units.size).toBe(all.size);
  });

  test('a thousand of them take 16 KiB at most', () => {
    expect(bytesOf(crowded(1_000)).length).toBeLessThan(16 * KIB);
  });
});

describe('when units are many', () => {
  test('a million, heard on three metrics, take 16 KiB for each of five maps, in memory and as bytes', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const million = hashes(1e6);
    collect();
    const before = process.memoryUsage().arrayBuffers;
    const units = new UnitSet();
    for (const hash of million) {
      for (const mark of MARKS) units.add(hash, mark);
      units.addOncePer(1, hash);
    }
    collect();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(82 * KIB);
    expect(bytesOf(units).length).toBeLessThan(82 * KIB);
    expect(units.size).toBeGreaterThan(130_000);
  });

  test('a unit that was known stays known, and none is new twice', () => {
    const units = new UnitSet();
    const heard = hashes(50_000).filter(hash => units.add(hash, 1));
    for (const hash of heard) expect([units.has(hash, 1), units.add(hash, 1)]).toEqual([true, false]);
    for (const hash of hashes(50_000)) expect(units.has(hash, 1)).toBe(true);
  });

  test('a mark that nobody had before is heard anew', () => {
    const units = crowded(10_000);
    expect([units.has(77, 8), units.add(77, 8), units.has(77, 8)]).toEqual([false, true, true]);
  });

  test('read back, the set is the same to the byte and goes on alike, before and after the table is full', () => {
    for (const count of [MOST_EXACT_UNITS - 5, MOST_EXACT_UNITS + 5, 60_000]) {
      const units = crowded(count);
      const copy = copyOf(units);
      for (const hash of hashes(5_000, 2)) {
        expect(copy.add(hash, 4)).toBe(units.add(hash, 4));
        expect(copy.addOncePer(2, hash)).toBe(units.addOncePer(2, hash));
      }
      expect(bytesOf(copy)).toEqual(bytesOf(units));
    }
  });

  test('a unit still speaks once a round, and a fast clock silences nobody else', () => {
    const units = crowded(10_000);
    expect([units.addOncePer(9, 5), units.addOncePer(9, 5)]).toEqual([true, false]);
    const heard = hashes(1_000, 3).filter(hash => units.addOncePer(2, hash)).length;
    expect(heard).toBeGreaterThan(900);
  });
});

/*
 * Why losing units fakes nothing: a unit is lost when its place is taken, and its place follows from its hash alone. At any
 * moment a new unit is lost with the share of places that are taken, whichever arm it is on and whatever it has to say, so
 * that those who are heard are a random sample of those who came. Tested: the arms lose alike.
 */
test.each([
  [1, 20_000],
  [10, 100_000],
  [50, 300_000],
])('at weight %i, of %i units both arms lose the same share', (weight, count) => {
  const units = new UnitSet();
  const came = [0, 0];
  const heard = [0, 0];
  for (const hash of new Set(hashes(count, 7))) {
    const arm = isCandidateBucket(hash % BUCKETS, weight) ? 1 : 0;
    came[arm]!++;
    if (units.add(hash, 1)) heard[arm]!++;
  }
  const [baseline, candidate] = heard.map((n, arm) => n / came[arm]!) as [number, number];
  const share = (heard[0]! + heard[1]!) / (came[0]! + came[1]!);
  const deviation = Math.sqrt(share * (1 - share) * (1 / came[0]! + 1 / came[1]!));
  expect(share).toBeLessThan(0.95);
  expect(Math.abs(candidate - baseline)).toBeLessThan(3.5 * deviation);
});

describe('bytes of an impossible set are refused', () => {
  test.each<[string, (writer: StateWriter) => StateWriter]>([
    ['slots that are no power of two', writer => writer.count(63).count(1)],
    ['more slots than there may be', writer => writer.count(16_384).count(1)],
    ['more units than slots', writer => writer.count(64).count(60)],
    ['a map cut short', writer => writer.count(0).byte(1).byte(0).byte(5)],
  ])('%s', (_name, write) => {
    const { buffer } = write(new StateWriter(1)).bytes();
    expect(() => UnitSet.read(new StateReader(new Uint8Array(buffer), 1))).toThrow(RangeError);
  });
});
