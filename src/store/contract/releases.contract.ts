/** Part of the store's contract: releases, their saves, and what a save takes along. */
import { describe, expect, test } from 'vitest';
import type { StoreFixture } from './fixture.ts';
import { auditDraft, releaseRow, routeRow } from './rows.ts';

export function releaseContract(stores: () => StoreFixture): void {
  insertContract(stores);
  saveContract(stores);
  replaceContract(stores);
  listContract(stores);
}

function insertContract(stores: () => StoreFixture): void {
  describe('inserting a release', () => {
    test('keeps it as it was given, with its events', async () => {
      const { store } = stores();
      const release = releaseRow({ state: { deep: [{ text: 'ünï\u0000\ud83d\ude00' }], none: null } });
      const inserted = await store.insertRelease(release, [auditDraft({ kind: 'created' })]);
      expect(inserted).toMatchObject({ saved: [{ seq: 1, kind: 'created' }] });
      expect(await store.getRelease('r1')).toEqual(release);
      expect(await store.activeRelease('bot')).toEqual(release);
      expect(await store.getRelease('r2')).toBeUndefined();
      expect(await store.activeRelease('other')).toBeUndefined();
    });

    test('is refused while another release of the artifact is active, and leaves no event', async () => {
      const { store } = stores();
      await store.insertRelease(releaseRow(), []);
      expect(await store.insertRelease(releaseRow({ id: 'r2' }), [auditDraft()])).toBe('activeExists');
      expect(await store.listAudit()).toEqual([]);
      expect(await store.insertRelease(releaseRow({ id: 'r2', active: false }), [])).toEqual({ saved: [] });
      expect(await store.insertRelease(releaseRow({ id: 'r3', artifact: 'other' }), [])).toEqual({ saved: [] });
    });

    test('from many connections at once succeeds for one of them', async () => {
      const connections = await Promise.all(Array.from({ length: 4 }, () => stores().another()));
      const answers = await Promise.all(
        connections.map((store, index) => store.insertRelease(releaseRow({ id: `r${index}` }), [])),
      );
      expect(answers.filter(answer => answer !== 'activeExists')).toHaveLength(1);
    });

    test('refuses an id that is taken', async () => {
      const { store } = stores();
      await store.insertRelease(releaseRow({ active: false }), []);
      await expect(store.insertRelease(releaseRow(), [])).rejects.toMatchObject({ code: 'INTERNAL' });
    });
  });
}

function saveContract(stores: () => StoreFixture): void {
  describe('saving a release', () => {
    test('raises the state version by one and returns the events as stored', async () => {
      const { store } = stores();
      await store.insertRelease(releaseRow(), [auditDraft()]);
      const next = releaseRow({ state: { phase: 'testing' }, dueAt: 9, updatedAt: 5 });
      const saved = await store.saveRelease(next, 1, [auditDraft({ kind: 'a' }), auditDraft({ kind: 'b' })]);
      expect(saved).toEqual({ saved: (await store.listAudit()).slice(1) });
      expect(await store.getRelease('r1')).toEqual({ ...next, stateVersion: 2 });
    });

    test('writes nothing when another actor was faster', async () => {
      const { store } = stores();
      await store.insertRelease(releaseRow(), []);
      await store.saveRelease(releaseRow(), 1, []);
      const extra = { route: routeRow(), snapshot: { offset: 1, bytes: Uint8Array.of(1) } };
      expect(await store.saveRelease(releaseRow({ state: 'late' }), 1, [auditDraft()], extra)).toBe('moved');
      expect(await store.saveRelease(releaseRow({ id: 'none' }), 1, [])).toBe('moved');
      expect((await store.getRelease('r1'))?.state).toEqual({ phase: 'queued' });
      expect([await store.listAudit(), await store.getRoute('bot'), await store.getSnapshot('r1')]).toEqual([
        [],
        undefined,
        undefined,
      ]);
    });

    test('of one state version by many connections succeeds once, with one event', async () => {
      const { store } = stores();
      await store.insertRelease(releaseRow(), []);
      const connections = await Promise.all(Array.from({ length: 4 }, () => stores().another()));
      const answers = await Promise.all(
        connections.map(connection => connection.saveRelease(releaseRow(), 1, [auditDraft()])),
      );
      expect(answers.filter(answer => answer !== 'moved')).toHaveLength(1);
      expect(await store.listAudit()).toHaveLength(1);
    });

    test('takes route, snapshot and hold along', async () => {
      const { store } = stores();
      const version = { artifact: 'bot', version: 'v2', spec: {}, createdAt: 1, createdBy: 'ann', heldBy: null };
      await store.putVersion(version);
      await store.insertRelease(releaseRow(), []);
      const snapshot = { offset: 7, bytes: Uint8Array.of(1, 2, 255) };
      await store.saveRelease(releaseRow(), 1, [], {
        route: routeRow(),
        snapshot,
        holdVersion: { version: 'v2', releaseId: 'r1' },
      });
      expect(await store.getRoute('bot')).toEqual(routeRow());
      expect(await store.getSnapshot('r1')).toEqual(snapshot);
      expect(await store.getVersion('bot', 'v2')).toEqual({ ...version, heldBy: 'r1' });
      await store.saveRelease(releaseRow(), 2, [], { snapshot: null, holdVersion: { version: 'v2', releaseId: null } });
      expect(await store.getSnapshot('r1')).toBeUndefined();
      expect(await store.getVersion('bot', 'v2')).toEqual(version);
    });

    test('with a route of an older epoch writes nothing at all', async () => {
      const { store } = stores();
      await store.insertRelease(releaseRow(), []);
      await store.putRoute(routeRow({ epoch: 5, weight: 0 }));
      const late = store.saveRelease(releaseRow({ state: 'late' }), 1, [auditDraft()], {
        route: routeRow({ epoch: 4 }),
      });
      expect(await late).toBe('moved');
      expect((await store.getRelease('r1'))?.stateVersion).toBe(1);
      expect(await store.listAudit()).toEqual([]);
    });

    test('that ends the release frees the artifact and the lease', async () => {
      const { store } = stores();
      await store.insertRelease(releaseRow(), []);
      await store.claimReleases('me', 1, 1000, 1);
      await store.saveRelease(releaseRow({ active: false }), 1, []);
      expect(await store.activeRelease('bot')).toBeUndefined();
      expect(await store.getRelease('r1')).toMatchObject({ active: false, leaseOwner: null, leaseUntil: 0 });
      expect(await store.insertRelease(releaseRow({ id: 'r2' }), [])).toEqual({ saved: [] });
    });
  });
}

function replaceContract(stores: () => StoreFixture): void {
  describe('superseding a release', () => {
    const ended = releaseRow({ active: false, state: { phase: 'superseded' } });
    const inserted = releaseRow({ id: 'r2', createdAt: 2 });

    test('ends it and starts its successor in one step', async () => {
      const { store } = stores();
      await store.insertRelease(releaseRow(), []);
      const events = [auditDraft({ kind: 'supersede' }), auditDraft({ releaseId: 'r2', kind: 'created' })];
      const extra = { route: routeRow({ epoch: 2, weight: 0 }) };
      const answer = await store.replaceRelease({ ended, expected: 1, inserted, events, extra });
      expect(answer).toMatchObject({ saved: [{ seq: 1 }, { seq: 2 }] });
      expect(await store.activeRelease('bot')).toEqual(inserted);
      expect(await store.getRelease('r1')).toMatchObject({ active: false, stateVersion: 2 });
      expect((await store.getRoute('bot'))?.weight).toBe(0);
    });

    test('does neither when the first moved meanwhile', async () => {
      const { store } = stores();
      await store.insertRelease(releaseRow(), []);
      await store.saveRelease(releaseRow(), 1, []);
      expect(await store.replaceRelease({ ended, expected: 1, inserted, events: [auditDraft()] })).toBe('moved');
      expect(await store.getRelease('r2')).toBeUndefined();
      expect(await store.activeRelease('bot')).toMatchObject({ id: 'r1' });
      expect(await store.listAudit()).toEqual([]);
    });
  });
}

function listContract(stores: () => StoreFixture): void {
  describe('listing releases', () => {
    test('goes newest first, page by page, without a gap or a double', async () => {
      const { store } = stores();
      for (let n = 0; n < 7; n += 1) {
        await store.insertRelease(releaseRow({ id: `r${n}`, artifact: `a${n}`, createdAt: Math.floor(n / 2) }), []);
      }
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await store.listReleases({ limit: 3, ...(cursor === null ? {} : { cursor }) });
        seen.push(...page.releases.map(({ id }) => id));
        cursor = page.next;
      } while (cursor !== null);
      expect(seen).toEqual(['r6', 'r5', 'r4', 'r3', 'r2', 'r1', 'r0']);
    });

    test('narrows by artifact and by activity', async () => {
      const { store } = stores();
      await store.insertRelease(releaseRow({ id: 'old', active: false }), []);
      await store.insertRelease(releaseRow({ id: 'new' }), []);
      await store.insertRelease(releaseRow({ id: 'other', artifact: 'other' }), []);
      const ids = async (query: object) => (await store.listReleases(query)).releases.map(({ id }) => id).sort();
      expect(await ids({ artifact: 'bot' })).toEqual(['new', 'old']);
      expect(await ids({ active: true })).toEqual(['new', 'other']);
      expect(await ids({ active: false })).toEqual(['old']);
    });

    test('names a cursor that is not one of its own as the caller’s mistake', async () => {
      await expect(stores().store.listReleases({ cursor: 'x' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    });
  });
}
