/**
 * The rollback journal: where a rollback is written down while the store is down. A file of fixed slots, filled with
 * zeros and synced when it is made, so that an append needs no new disk space; it may lie on another file system than the
 * data. Each slot carries a checksum: a torn write is skipped, never believed. Calls are synchronous (about 1 ms): a
 * rollback must be durable before traffic moves on. One process at a time uses a journal; the folder's lock sees to that.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SpillwayError } from '../errors.ts';
import { encodeRecord, type JournalRecord, parseSlot, SETTLED, type Slot, toSlot } from './journal-slot.ts';

export type { JournalRecord } from './journal-slot.ts';

export interface Journal {
  /** False when it could only be opened for reading: then `append` and `settle` fail. */
  readonly writable: boolean;
  /** Slots whose content failed its checksum when the journal was opened: torn writes, or a damaged disk. */
  readonly damaged: number;
  /** Durable when it returns. The same (release, epoch) again writes nothing. Throws STORE_UNAVAILABLE. */
  append(record: JournalRecord): void;
  /** Appended and not yet settled, oldest first. */
  pending(): JournalRecord[];
  /** Frees the slot once the store has the rollback. An unknown one is fine. Throws STORE_UNAVAILABLE. */
  settle(releaseId: string, epoch: number): void;
  close(): void;
}

interface JournalSize {
  slots?: number;
  slotBytes?: number;
}

function failure(path: string, what: string, cause?: unknown): SpillwayError {
  const reason = cause instanceof Error ? `${what}: ${cause.message}` : what;
  return new SpillwayError('STORE_UNAVAILABLE', `The rollback journal ${path} ${reason}`, {
    cause,
    hint: 'Check that the journal file is writable. A rollback still moves traffic, but it is not yet on record.',
  });
}

function guarded<T>(path: string, what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof SpillwayError ? error : failure(path, what, error);
  }
}

/** Under another name first, so that a half-made journal is never opened. */
function create(path: string, bytes: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fd = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeAll(fd, Buffer.alloc(bytes), 0);
    fsyncSync(fd);
  } catch (error) {
    rmSync(`${path}.new`, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function writeAll(fd: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
}

function readAll(fd: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  let done = 0;
  while (done < bytes.length) {
    const got = readSync(fd, bytes, done, bytes.length - done, done);
    if (got === 0) break;
    done += got;
  }
  return bytes.subarray(0, done);
}

/** Read-only where it must be: what is pending can be read from a file system that takes no writes. */
function openFd(path: string, bytes: number): { fd: number; writable: boolean } {
  if (!existsSync(path)) create(path, bytes);
  try {
    return { fd: openSync(path, 'r+'), writable: true };
  } catch {
    return { fd: openSync(path, 'r'), writable: false };
  }
}

class JournalFile implements Journal {
  readonly writable: boolean;
  readonly damaged: number;
  readonly #path: string;
  readonly #slotBytes: number;
  readonly #held = new Map<number, Slot>();
  readonly #slots: number;
  #fd: number | undefined;
  #next: bigint;

  constructor(path: string, { slots = 1024, slotBytes = 512 }: JournalSize) {
    const { fd, writable } = openFd(path, slots * slotBytes);
    this.#path = path;
    this.#fd = fd;
    this.writable = writable;
    this.#slotBytes = slotBytes;
    const content = readAll(fd);
    this.#slots = Math.floor(content.length / slotBytes);
    if (this.#slots === 0) throw failure(path, 'is cut off: it holds no slot');
    let damaged = 0;
    let last = 0n;
    for (let index = 0; index < this.#slots; index += 1) {
      const slot = parseSlot(content.subarray(index * slotBytes, (index + 1) * slotBytes));
      if (slot === 'damaged') damaged += 1;
      if (typeof slot === 'string') continue;
      if (slot.order > last) last = slot.order;
      if (!slot.settled) this.#held.set(index, { order: slot.order, record: slot.record });
    }
    this.damaged = damaged;
    this.#next = last + 1n;
  }

  append(record: JournalRecord): void {
    if (this.#find(record.releaseId, record.epoch) !== undefined) return;
    const fitted = encodeRecord(record, this.#slotBytes);
    if (fitted === undefined) throw failure(this.#path, 'has no room for names this long');
    let index = Number((this.#next - 1n) % BigInt(this.#slots));
    for (let tried = 0; this.#held.has(index); tried += 1) {
      if (tried === this.#slots) throw failure(this.#path, `is full: ${this.#slots} rollbacks are pending`);
      index = (index + 1) % this.#slots;
    }
    this.#write(toSlot(this.#next, fitted.text, this.#slotBytes), index * this.#slotBytes);
    this.#held.set(index, { order: this.#next, record: fitted.record });
    this.#next += 1n;
  }

  pending(): JournalRecord[] {
    const slots = [...this.#held.values()].sort((a, b) => (a.order < b.order ? -1 : 1));
    return slots.map(slot => slot.record);
  }

  settle(releaseId: string, epoch: number): void {
    const index = this.#find(releaseId, epoch);
    if (index === undefined) return;
    this.#write(Uint8Array.of(SETTLED), (index + 1) * this.#slotBytes - 1);
    this.#held.delete(index);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #find(releaseId: string, epoch: number): number | undefined {
    for (const [index, { record }] of this.#held) {
      if (record.releaseId === releaseId && record.epoch === epoch) return index;
    }
    return undefined;
  }

  #write(bytes: Uint8Array, at: number): void {
    const fd = this.#fd;
    if (fd === undefined) throw failure(this.#path, 'is closed');
    if (!this.writable) throw failure(this.#path, 'is read-only');
    if (fstatSync(fd).nlink === 0) throw failure(this.#path, 'was removed');
    guarded(this.#path, 'cannot be written', () => {
      writeAll(fd, bytes, at);
      fdatasyncSync(fd);
    });
  }
}

/** Opens the journal, or makes it. Throws STORE_UNAVAILABLE when it can be neither opened nor made. */
export function openJournal(path: string, size: JournalSize = {}): Journal {
  return guarded(path, 'cannot be opened', () => new JournalFile(path, size));
}
