/**
 * The units of a stage while they are few, exactly: open addressing over 32-bit keys, 7 bytes a slot, from 64 slots up to
 * 8,192 (56 KiB). Most releases never need more than the first few KiB. Two units with one hash count as one.
 */
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';

const FIRST_SLOTS = 64;
const MOST_SLOTS = 8_192;
/** Three quarters of the slots: beyond that the runs of taken slots grow long. */
export const MOST_EXACT_UNITS = (MOST_SLOTS / 4) * 3;

export class UnitTable {
  #keys: Uint32Array;
  #marks: Uint8Array;
  #rounds: Uint16Array;
  #size = 0;

  constructor(slots: number = FIRST_SLOTS) {
    this.#keys = new Uint32Array(slots);
    this.#marks = new Uint8Array(slots);
    this.#rounds = new Uint16Array(slots);
  }

  get size(): number {
    return this.#size;
  }

  /** @param key never 0, which marks an empty slot */
  hasRoomFor(key: number): boolean {
    return this.#size < MOST_EXACT_UNITS || this.#keys[this.#slotOf(key)] === key;
  }

  add(key: number, mark: number): boolean {
    const slot = this.#findOrTake(key);
    if (this.#marks[slot]! & mark) return false;
    this.#marks[slot] = this.#marks[slot]! | mark;
    return true;
  }

  addOncePer(round: number, key: number): boolean {
    const slot = this.#findOrTake(key);
    if (this.#rounds[slot]! >= round) return false;
    this.#rounds[slot] = round;
    return true;
  }

  has(key: number, mark: number): boolean {
    const slot = this.#slotOf(key);
    return this.#keys[slot] === key && (this.#marks[slot]! & mark) !== 0;
  }

  /** Each unit with all its marks and its last round (0: none), in an order from which taking them rebuilds this very table. */
  forEach(visit: (key: number, marks: number, round: number) => void): void {
    const slots = this.#keys.length;
    const start = this.#keys.indexOf(0) + 1; // each run of taken slots from its beginning
    for (let i = 0; i < slots; i++) {
      const slot = (start + i) & (slots - 1);
      const key = this.#keys[slot]!;
      if (key !== 0) visit(key, this.#marks[slot]!, this.#rounds[slot]!);
    }
  }

  write(writer: StateWriter): void {
    writer.count(this.#keys.length).count(this.#size);
    this.forEach((key, marks, round) => {
      writer.byte(key & 255).byte((key >>> 8) & 255);
      writer.byte((key >>> 16) & 255).byte(key >>> 24);
      writer.byte(marks).count(round);
    });
  }

  /** @param slots what `write` began with */
  static read(reader: StateReader, slots: number): UnitTable {
    const size = reader.count();
    if (slots > MOST_SLOTS || slots < FIRST_SLOTS || (slots & (slots - 1)) !== 0 || size * 4 > slots * 3)
      throw new RangeError('evidence bytes are damaged: the set of units does not fit');
    const units = new UnitTable(slots);
    for (let left = size; left > 0; left--) {
      const key = (reader.byte() | (reader.byte() << 8) | (reader.byte() << 16) | (reader.byte() << 24)) >>> 0;
      if (key === 0) throw new RangeError('evidence bytes are damaged: a unit without a hash');
      const slot = units.#findOrTake(key);
      units.#marks[slot] = reader.byte();
      units.#rounds[slot] = reader.count();
    }
    return units;
  }

  #findOrTake(key: number): number {
    let slot = this.#slotOf(key);
    if (this.#keys[slot] === key) return slot;
    if ((this.#size + 1) * 4 > this.#keys.length * 3) {
      this.#grow();
      slot = this.#slotOf(key);
    }
    this.#keys[slot] = key;
    this.#size++;
    return slot;
  }

  #slotOf(key: number): number {
    const mask = this.#keys.length - 1;
    let slot = Math.imul(key, 0x9e3779b1) >>> 7;
    for (;;) {
      slot &= mask;
      const found = this.#keys[slot]!;
      if (found === key || found === 0) return slot;
      slot++;
    }
  }

  #grow(): void {
    const [keys, marks, rounds] = [this.#keys, this.#marks, this.#rounds];
    this.#keys = new Uint32Array(keys.length * 2);
    this.#marks = new Uint8Array(keys.length * 2);
    this.#rounds = new Uint16Array(keys.length * 2);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      if (key === 0) continue;
      const slot = this.#slotOf(key);
      this.#keys[slot] = key;
      this.#marks[slot] = marks[i]!;
      this.#rounds[slot] = rounds[i]!;
    }
  }
}
