/**
 * Binary form of sequential states: a tag (kind and version), varints for counts, little-endian doubles. Exact, because
 * a process resumed from a snapshot must continue with the same bits as one that never stopped.
 */

/** Appends to a growing buffer; `bytes()` gives a copy of what was written. */
export class StateWriter {
  #view = new DataView(new ArrayBuffer(256));
  #length = 0;

  constructor(tag: number) {
    this.byte(tag);
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#view.setUint8(this.#length++, value);
    return this;
  }

  /** Nonnegative safe integer, 7 bits a byte. */
  count(value: number): this {
    let rest = value;
    while (rest >= 128) {
      this.byte((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    return this.byte(rest);
  }

  double(value: number): this {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  doubles(values: Float64Array): this {
    this.count(values.length);
    for (let i = 0; i < values.length; i++) this.double(values[i]!);
    return this;
  }

  /** The bytes of another state, with their length. */
  nested(bytes: Uint8Array): this {
    this.count(bytes.length);
    for (const byte of bytes) this.byte(byte);
    return this;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer.slice(0, this.#length));
  }

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#view.byteLength) return;
    const wider = new Uint8Array(this.#view.byteLength * 2);
    wider.set(new Uint8Array(this.#view.buffer));
    this.#view = new DataView(wider.buffer);
  }
}

/** Reads what StateWriter wrote; every misfit is a RangeError. */
export class StateReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array, tag: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const found = this.byte();
    if (found !== tag) throw new RangeError(`state bytes carry tag ${found}, expected ${tag}: another kind of process`);
  }

  byte(): number {
    this.#need(1);
    return this.#view.getUint8(this.#at++);
  }

  count(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const next = this.byte();
      value += (next & 127) * scale;
      if (next < 128) break;
      scale *= 128;
    }
    if (!Number.isSafeInteger(value)) throw new RangeError('state bytes are damaged: a count is out of range');
    return value;
  }

  double(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  /** Fills `target`, whose length must be what was written (a changed grid does not fit an old state). */
  doubles(target: Float64Array): void {
    const length = this.count();
    if (length !== target.length) {
      throw new RangeError(`state bytes hold a grid of ${length} values, this process uses ${target.length}`);
    }
    for (let i = 0; i < length; i++) target[i] = this.double();
  }

  /** As `doubles`, for a list whose length the state itself decides. */
  doublesOfAnyLength(): Float64Array {
    const length = this.count();
    this.#need(8 * length);
    return Float64Array.from({ length }, () => this.double());
  }

  nested(): Uint8Array {
    const length = this.count();
    this.#need(length);
    const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#at, length);
    this.#at += length;
    return bytes;
  }

  end(): void {
    if (this.#at !== this.#view.byteLength) throw new RangeError('state bytes are damaged: unread bytes at the end');
  }

  #need(size: number): void {
    if (this.#at + size > this.#view.byteLength) throw new RangeError('state bytes are damaged: cut short');
  }
}
