/**
 * Which units a stage has already heard, and on which metrics: a unit's outcomes are not independent, so that only its
 * first one on each metric may enter the evidence. Open addressing over 32-bit hashes, 7 bytes a slot, from 64 slots up to
 * 2^20; a full set takes no new unit (786,432 are plenty), so that memory stays bounded. Two units with one hash count as one.
 */
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';

const FIRST_SLOTS = 64;
const MOST_SLOTS = 2 ** 20;

export class UnitSet {
  #hashes: Uint32Array;
  #marks: Uint8Array;
  #rounds: Uint16Array;
  #size = 0;
  readonly #mostSlots: number;

  constructor(mostSlots: number = MOST_SLOTS, slots: number = FIRST_SLOTS) {
    this.#mostSlots = mostSlots;
    this.#hashes = new Uint32Array(slots);
    this.#marks = new Uint8Array(slots);
    this.#rounds = new Uint16Array(slots);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Sets `mark` (one bit of 8) for the unit.
   * @returns true when it was not set before; false for a repetition, or for a new unit when the set is full
   */
  add(unitHash: number, mark: number): boolean {
    const slot = this.#findOrTake(unitHash);
    if (slot < 0 || this.#marks[slot]! & mark) return false;
    this.#marks[slot] = this.#marks[slot]! | mark;
    return true;
  }

  /** For what a unit may say once a round. @param round 1 to 65,535 @returns true when its last one was an earlier round */
  addOncePer(round: number, unitHash: number): boolean {
    const slot = this.#findOrTake(unitHash);
    if (slot < 0 || this.#rounds[slot]! >= round) return false;
    this.#rounds[slot] = round;
    return true;
  }

  has(unitHash: number, mark: number): boolean {
    const key = unitHash >>> 0 || 1;
    const slot = this.#slotOf(key);
    return this.#hashes[slot] === key && (this.#marks[slot]! & mark) !== 0;
  }

  /** Slots in an order from which reading rebuilds the very same table: each run of slots from its beginning. */
  write(writer: StateWriter): void {
    const slots = this.#hashes.length;
    writer.count(slots).count(this.#size);
    const start = this.#hashes.indexOf(0) + 1;
    for (let i = 0; i < slots; i++) {
      const slot = (start + i) & (slots - 1);
      const key = this.#hashes[slot]!;
      if (key === 0) continue;
      writer.byte(key & 255).byte((key >>> 8) & 255);
      writer.byte((key >>> 16) & 255).byte(key >>> 24);
      writer.byte(this.#marks[slot]!).count(this.#rounds[slot]!);
    }
  }

  static read(reader: StateReader, mostSlots: number = MOST_SLOTS): UnitSet {
    const slots = reader.count();
    const size = reader.count();
    if (slots > mostSlots || slots < FIRST_SLOTS || (slots & (slots - 1)) !== 0 || size * 4 > slots * 3)
      throw new RangeError('evidence bytes are damaged: the set of units does not fit');
    const units = new UnitSet(mostSlots, slots);
    for (let left = size; left > 0; left--) {
      const key = (reader.byte() | (reader.byte() << 8) | (reader.byte() << 16) | (reader.byte() << 24)) >>> 0;
      const slot = units.#findOrTake(key);
      units.#marks[slot] = reader.byte();
      units.#rounds[slot] = reader.count();
    }
    return units;
  }

  /** The unit's slot, a new one if need be; −1 when the set is full. */
  #findOrTake(unitHash: number): number {
    const key = unitHash >>> 0 || 1; // 0 marks an empty slot
    let slot = this.#slotOf(key);
    if (this.#hashes[slot] === key) return slot;
    if ((this.#size + 1) * 4 > this.#hashes.length * 3) {
      if (this.#hashes.length >= this.#mostSlots) return -1;
      this.#grow();
      slot = this.#slotOf(key);
    }
    this.#hashes[slot] = key;
    this.#size++;
    return slot;
  }

  #slotOf(key: number): number {
    const mask = this.#hashes.length - 1;
    let slot = Math.imul(key, 0x9e3779b1) >>> 7;
    for (;;) {
      slot &= mask;
      const found = this.#hashes[slot]!;
      if (found === key || found === 0) return slot;
      slot++;
    }
  }

  #grow(): void {
    const [hashes, marks, rounds] = [this.#hashes, this.#marks, this.#rounds];
    this.#hashes = new Uint32Array(hashes.length * 2);
    this.#marks = new Uint8Array(hashes.length * 2);
    this.#rounds = new Uint16Array(hashes.length * 2);
    for (let i = 0; i < hashes.length; i++) {
      const key = hashes[i]!;
      if (key === 0) continue;
      const slot = this.#slotOf(key);
      this.#hashes[slot] = key;
      this.#marks[slot] = marks[i]!;
      this.#rounds[slot] = rounds[i]!;
    }
  }
}
