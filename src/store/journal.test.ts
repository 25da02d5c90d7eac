import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.test-support.ts';
import { type JournalRecord, openJournal } from './journal.ts';
import { encodeRecord, parseSlot, toSlot } from './journal-slot.ts';

const record: JournalRecord = {
  releaseId: 'r1',
  artifact: 'bot',
  epoch: 7,
  at: '2026-01-01T00:00:00.000Z',
  trigger: 'manual',
  reason: 'it answers in French',
  actor: 'ann',
};
const unavailable = expect.objectContaining({ code: 'STORE_UNAVAILABLE' });

let folder: string;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, 'sub', 'journal');
});

function overwrite(at: number, bytes: Uint8Array): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

describe('the rollback journal', () => {
  test('has its whole size from the start and never grows', () => {
    const journal = openJournal(path);
    expect(statSync(path).size).toBe(1024 * 512);
    for (let epoch = 1; epoch <= 30; epoch += 1) journal.append({ ...record, epoch });
    journal.close();
    expect(statSync(path).size).toBe(1024 * 512);
  });

  test('gives back what was appended, oldest first, after it is opened again', () => {
    const journal = openJournal(path);
    journal.append(record);
    journal.append({ ...record, releaseId: 'r0' });
    journal.close();
    const again = openJournal(path);
    expect(again.pending()).toEqual([record, { ...record, releaseId: 'r0' }]);
    expect(again.damaged).toBe(0);
    again.close();
  });

  test('forgets what was settled, at once and after it is opened again', () => {
    const journal = openJournal(path);
    journal.append(record);
    journal.append({ ...record, epoch: 8 });
    journal.settle('r1', 7);
    journal.settle('unknown', 1);
    expect(journal.pending()).toEqual([{ ...record, epoch: 8 }]);
    journal.close();
    const again = openJournal(path);
    expect(again.pending()).toEqual([{ ...record, epoch: 8 }]);
    again.close();
  });

  test('takes the same rollback once', () => {
    const journal = openJournal(path);
    journal.append(record);
    journal.append({ ...record, reason: 'again' });
    expect(journal.pending()).toEqual([record]);
    journal.close();
  });

  test('uses freed slots again and keeps the order, and refuses when all are pending', () => {
    const journal = openJournal(path, { slots: 4 });
    for (const epoch of [1, 2, 3, 4]) journal.append({ ...record, epoch });
    expect(() => journal.append({ ...record, epoch: 5 })).toThrow(unavailable);
    journal.settle('r1', 2);
    journal.append({ ...record, epoch: 6 });
    journal.close();
    const again = openJournal(path, { slots: 4 });
    expect(again.pending().map(({ epoch }) => epoch)).toEqual([1, 3, 4, 6]);
    again.close();
  });

  test('cuts a reason that is too long and keeps the rest whole', () => {
    const journal = openJournal(path);
    journal.append({ ...record, reason: '😀'.repeat(1000) });
    const [kept] = journal.pending();
    expect(kept).toMatchObject({ ...record, reason: expect.stringMatching(/^(😀)+/) });
    expect(kept!.reason.length).toBeLessThan(400);
    expect(() => journal.append({ ...record, artifact: 'a'.repeat(600), epoch: 9 })).toThrow(unavailable);
    journal.close();
    const again = openJournal(path);
    expect(again.pending()).toEqual([kept]);
    again.close();
  });

  test('skips and counts a torn record, and uses its slot again', () => {
    const journal = openJournal(path, { slots: 2 });
    journal.append(record);
    journal.append({ ...record, epoch: 8 });
    journal.close();
    overwrite(60, Buffer.alloc(452));
    const again = openJournal(path, { slots: 2 });
    expect(again.damaged).toBe(1);
    expect(again.pending()).toEqual([{ ...record, epoch: 8 }]);
    again.append({ ...record, epoch: 9 });
    expect(again.pending().map(({ epoch }) => epoch)).toEqual([8, 9]);
    again.close();
  });

  test('that is missing is made, and one that cannot be made or was emptied is refused', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => openJournal(join(folder, 'file', 'journal'))).toThrow(unavailable);
    openJournal(path).close();
    truncateSync(path, 100);
    expect(() => openJournal(path)).toThrow(unavailable);
  });

  test('that was removed or closed refuses an append instead of writing into nothing', () => {
    const journal = openJournal(path);
    rmSync(path);
    expect(() => journal.append(record)).toThrow(unavailable);
    journal.close();
    expect(() => journal.append(record)).toThrow(unavailable);
  });

  test('killed with SIGKILL keeps every rollback whose append returned', async () => {
    const script = `
      const { openJournal } = await import(${JSON.stringify(join(import.meta.dirname, 'journal.ts'))});
      const { writeSync } = await import('node:fs');
      const journal = openJournal(${JSON.stringify(path)});
      for (let epoch = 1; epoch <= 1024; epoch += 1) {
        journal.append({ ...${JSON.stringify(record)}, epoch });
        writeSync(1, epoch + '\\n');
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    let last = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      last = Number(line);
      if (last >= 50) child.kill('SIGKILL');
    }
    await exited;
    const journal = openJournal(path);
    const epochs = journal.pending().map(({ epoch }) => epoch);
    journal.close();
    expect(last).toBeGreaterThanOrEqual(50);
    expect(epochs.length).toBeGreaterThanOrEqual(last);
    expect(epochs).toEqual(epochs.map((_, index) => index + 1));
  });
});

describe('a slot', () => {
  const names = fc.string({ unit: 'grapheme', maxLength: 12 });
  const records = fc.record({
    releaseId: names,
    artifact: names,
    epoch: fc.nat(),
    at: names,
    trigger: names,
    reason: fc.string({ unit: 'binary', maxLength: 700 }),
    actor: names,
  });

  test('gives back what was put in, whatever the text', () => {
    fc.assert(
      fc.property(records, fc.bigInt({ min: 1n, max: 2n ** 63n }), (given, order) => {
        const fitted = encodeRecord(given, 512);
        if (fitted === undefined) return;
        const slot = parseSlot(toSlot(order, fitted.text, 512));
        expect(slot).toEqual({ order, record: fitted.record, settled: false });
        expect(given.reason.toWellFormed().startsWith(fitted.record.reason.slice(0, -1))).toBe(true);
      }),
    );
  });

  test('torn at any byte is never taken for a record', () => {
    const text = encodeRecord(record, 512)!.text;
    const before = toSlot(1n, encodeRecord({ ...record, epoch: 6, reason: 'older' }, 512)!.text, 512);
    const after = toSlot(2n, text, 512);
    for (let cut = 1; cut < 18 + text.length; cut += 1) {
      for (const old of [Buffer.alloc(512), before]) {
        const torn = Buffer.concat([after.subarray(0, cut), old.subarray(cut)]);
        if (torn.equals(after) || torn.equals(old)) continue;
        expect(parseSlot(torn)).toBe('damaged');
      }
    }
  });
});
