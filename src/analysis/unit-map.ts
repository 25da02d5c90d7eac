/**
 * The units of a stage when they are many: for each mark one map of 2^17 bits, addressed by the unit's hash, and one of 2^13
 * last rounds, 16 KiB each and made when first needed. A unit whose place is taken counts as known, so it is lost. Which
 * ones are lost is the hash's choice alone, whatever they have to say and whichever arm they are on: evidence comes later,
 * never different.
 */
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import type { UnitTable } from './unit-table.ts';

const MAP_BYTES = 2 ** 14;
const ROUND_PLACES = MAP_BYTES / 2;
const MARKS = 8;

export class UnitMap {
  readonly #maps: (Uint8Array | undefined)[] = Array.from({ length: MARKS });
  #rounds: Uint16Array | undefined;

  /** Goes on where the table has no more room. */
  static from(table: UnitTable): UnitMap {
    const units = new UnitMap();
    table.forEach((key, marks, round) => {
      for (let rest = marks; rest !== 0; rest &= rest - 1) units.add(key, rest & -rest);
      if (round > 0) units.addOncePer(round, key);
    });
    return units;
  }

  get size(): number {
    return Math.max(0, ...this.#maps.map(map => (map ? ones(map) : 0)));
  }

  add(key: number, mark: number): boolean {
    const index = indexOf(mark);
    const map = this.#maps[index] ?? new Uint8Array(MAP_BYTES);
    this.#maps[index] = map;
    const place = mixed(key) >>> 15;
    const bit = 1 << (place & 7);
    if (map[place >>> 3]! & bit) return false;
    map[place >>> 3]! |= bit;
    return true;
  }

  /**
   * Each place keeps a round of its own. One for all would let a single app whose clock is fast silence every other one.
   */
  addOncePer(round: number, key: number): boolean {
    this.#rounds ??= new Uint16Array(ROUND_PLACES);
    const place = mixed(key) & (ROUND_PLACES - 1);
    if (this.#rounds[place]! >= round) return false;
    this.#rounds[place] = round;
    return true;
  }

  has(key: number, mark: number): boolean {
    const place = mixed(key) >>> 15;
    const map = this.#maps[indexOf(mark)];
    return map !== undefined && (map[place >>> 3]! & (1 << (place & 7))) !== 0;
  }

  write(writer: StateWriter): void {
    const inUse = this.#maps.reduce((bits, map, i) => (map ? bits | (1 << i) : bits), 0);
    writer.byte(inUse).byte(this.#rounds ? 1 : 0);
    for (const map of this.#maps) if (map) for (const byte of map) writer.byte(byte);
    for (const round of this.#rounds ?? []) writer.byte(round & 255).byte(round >>> 8);
  }

  static read(reader: StateReader): UnitMap {
    const units = new UnitMap();
    const inUse = reader.byte();
    const hasRounds = reader.byte() === 1;
    for (let i = 0; i < MARKS; i++)
      if (inUse & (1 << i)) units.#maps[i] = Uint8Array.from({ length: MAP_BYTES }, () => reader.byte());
    if (hasRounds)
      units.#rounds = Uint16Array.from({ length: ROUND_PLACES }, () => reader.byte() | (reader.byte() << 8));
    return units;
  }
}

function indexOf(mark: number): number {
  return 31 - Math.clz32(mark);
}

/**
 * The finaliser of MurmurHash3: the arm comes from the same hash (its remainder by the number of buckets), and no place may
 * be more likely for one arm than for the other.
 */
function mixed(key: number): number {
  let hash = key;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function ones(map: Uint8Array): number {
  let count = 0;
  for (const byte of map) for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}
