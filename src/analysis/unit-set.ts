/**
 * Which units a stage has already heard, and on which metrics: a unit's outcomes are not independent, so that only its
 * first one on each metric may enter the evidence. Exact up to 6,144 units; beyond that 16 KiB a mark, however many come,
 * and some new units are taken for known ones (see unit-map.ts), which delays a verdict and never fakes one.
 */
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { UnitMap } from './unit-map.ts';
import { UnitTable } from './unit-table.ts';

export class UnitSet {
  #units: UnitTable | UnitMap = new UnitTable();

  /** Units known; beyond the exact ones, the places taken of the fullest map. */
  get size(): number {
    return this.#units.size;
  }

  /**
   * Sets `mark` (one bit of 8) for the unit.
   * @returns true when it was not set before; false for a repetition, or for a unit that is taken for another
   */
  add(unitHash: number, mark: number): boolean {
    const key = keyOf(unitHash);
    return this.#roomFor(key).add(key, mark);
  }

  /** For what a unit may say once a round. @param round 1 to 65,535 @returns true when its last one was an earlier round */
  addOncePer(round: number, unitHash: number): boolean {
    const key = keyOf(unitHash);
    return this.#roomFor(key).addOncePer(round, key);
  }

  has(unitHash: number, mark: number): boolean {
    return this.#units.has(keyOf(unitHash), mark);
  }

  write(writer: StateWriter): void {
    if (this.#units instanceof UnitMap) writer.count(0); // where a table says its slots
    this.#units.write(writer);
  }

  static read(reader: StateReader): UnitSet {
    const set = new UnitSet();
    const slots = reader.count();
    set.#units = slots === 0 ? UnitMap.read(reader) : UnitTable.read(reader, slots);
    return set;
  }

  #roomFor(key: number): UnitTable | UnitMap {
    if (this.#units instanceof UnitTable && !this.#units.hasRoomFor(key)) this.#units = UnitMap.from(this.#units);
    return this.#units;
  }
}

/** 0 marks an empty slot of the table. */
function keyOf(unitHash: number): number {
  return unitHash >>> 0 || 1;
}
