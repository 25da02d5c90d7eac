import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from '../clock.ts';
import { temporaryFolder } from '../temporary-folder.test-support.ts';
import { auditDraft } from './contract/rows.ts';
import { type Faults, faultyStore } from './faulty-store.ts';
import { openSqliteStore } from './sqlite.ts';
import type { Store } from './store.ts';

const unavailable = expect.objectContaining({ code: 'STORE_UNAVAILABLE' });
let folder: string;
let store: Store;
let faults: Faults;
beforeEach(async () => {
  folder = temporaryFolder();
  ({ store, faults } = faultyStore(await openSqliteStore({ folder, clock: manualClock() })));
});
afterEach(async () => {
  await store.close();
});

describe('a store with faults', () => {
  test('fails the chosen methods until it is healed, without writing', async () => {
    faults.fail('appendAudit');
    await expect(store.appendAudit([auditDraft()])).rejects.toEqual(unavailable);
    expect(await store.listAudit()).toEqual([]);
    faults.fail();
    await expect(store.listAudit()).rejects.toEqual(unavailable);
    faults.heal();
    expect(await store.appendAudit([auditDraft()])).toHaveLength(1);
    expect(faults.calls.get('appendAudit')).toBe(2);
  });

  test('loses the answer of one call that was carried out', async () => {
    faults.failNext('appendAudit', 'after');
    await expect(store.appendAudit([auditDraft()])).rejects.toEqual(unavailable);
    expect(await store.listAudit()).toHaveLength(1);
  });
});
