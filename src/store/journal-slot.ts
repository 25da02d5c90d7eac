/**
 * How one record lies in its slot of the rollback journal. Slot: u32 magic, u32 CRC-32 of what follows up to the end of
 * the text, u64 order, u16 length, JSON text; the last byte is 1 once settled (a single byte is written whole or not at
 * all, and the checksum leaves it out). Bytes in, bytes out: no file is touched here.
 */
import { crc32 } from 'node:zlib';

export interface JournalRecord {
  releaseId: string;
  artifact: string;
  epoch: number;
  /** RFC 3339 UTC. */
  at: string;
  trigger: string;
  /** Cut to what fits its slot. */
  reason: string;
  actor: string;
}

const MAGIC = 0x53_50_4a_31;
const TEXT_AT = 18;
/** The last byte of a slot that needs no more attention. */
export const SETTLED = 1;

export interface Slot {
  order: bigint;
  record: JournalRecord;
}

/** The text for a slot, with the reason cut to what fits; undefined when even an empty reason does not. */
export function encodeRecord(
  record: JournalRecord,
  slotBytes: number,
): { text: Buffer; record: JournalRecord } | undefined {
  const room = slotBytes - TEXT_AT - 1;
  const { releaseId, artifact, epoch, at, trigger, actor } = record;
  const cut = (length: number) => {
    const reason = record.reason.slice(0, length).toWellFormed();
    const text = Buffer.from(JSON.stringify([releaseId, artifact, epoch, at, trigger, actor, reason]));
    return { text, record: { ...record, reason } };
  };
  let low = 0;
  let high = Math.min(record.reason.length, room);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (cut(middle).text.length <= room) low = middle;
    else high = middle - 1;
  }
  const fitted = cut(low);
  return fitted.text.length <= room ? fitted : undefined;
}

export function toSlot(order: bigint, text: Buffer, slotBytes: number): Buffer {
  const slot = Buffer.alloc(slotBytes);
  slot.writeUInt32BE(MAGIC, 0);
  slot.writeBigUInt64BE(order, 8);
  slot.writeUInt16BE(text.length, 16);
  text.copy(slot, TEXT_AT);
  slot.writeUInt32BE(crc32(slot.subarray(8, TEXT_AT + text.length)), 4);
  return slot;
}

/** 'empty', 'damaged', or what it holds. */
export function parseSlot(slot: Buffer): 'empty' | 'damaged' | (Slot & { settled: boolean }) {
  if (slot.every(byte => byte === 0)) return 'empty';
  const length = slot.readUInt16BE(16);
  if (slot.readUInt32BE(0) !== MAGIC || TEXT_AT + length >= slot.length) return 'damaged';
  if (slot.readUInt32BE(4) !== crc32(slot.subarray(8, TEXT_AT + length))) return 'damaged';
  const [releaseId, artifact, epoch, at, trigger, actor, reason] = JSON.parse(
    slot.toString('utf8', TEXT_AT, TEXT_AT + length),
  );
  const record = { releaseId, artifact, epoch, at, trigger, actor, reason };
  return { order: slot.readBigUInt64BE(8), record, settled: slot.at(-1) === SETTLED };
}
