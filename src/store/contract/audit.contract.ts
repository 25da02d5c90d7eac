/** Part of the store's contract: the audit chain stays whole whoever writes it, and is found by what one looks for. */
import { describe, expect, test } from 'vitest';
import { verifyChain, verifyChains } from '../audit-chain.ts';
import type { StoreFixture } from './fixture.ts';
import { auditDraft, releaseRow } from './rows.ts';

export function auditContract(stores: () => StoreFixture): void {
  describe('the audit', () => {
    test('chains the events of each artifact apart, and its heads prove them', async () => {
      const { store } = stores();
      const drafts = ['bot', 'other', 'bot'].map(artifact => auditDraft({ artifact }));
      const stored = await store.appendAudit(drafts);
      expect(stored.map(({ artifact, seq }) => `${artifact} ${seq}`)).toEqual(['bot 1', 'other 1', 'bot 2']);
      await store.insertRelease(releaseRow(), [auditDraft()]);
      const events = await store.listAudit();
      const heads = await store.auditHeads();
      expect(heads).toEqual([
        { artifact: 'bot', seq: 3, hash: events.at(-1)!.hash },
        { artifact: 'other', seq: 1, hash: stored[1]!.hash },
      ]);
      expect(verifyChains(events, heads).map(({ check }) => check.ok)).toEqual([true, true]);
    });

    test('written by many connections at once is one whole chain', async () => {
      const connections = await Promise.all(Array.from({ length: 4 }, () => stores().another()));
      await Promise.all(
        Array.from({ length: 40 }, (_, n) => connections[n % 4]!.appendAudit([auditDraft({ why: `${n}` })])),
      );
      const events = await stores().store.listAudit();
      const [head] = await stores().store.auditHeads();
      expect(verifyChain(events, { head: head! })).toMatchObject({ ok: true, events: 40 });
    });

    test('keeps text and evidence so that the hash still fits after storage', async () => {
      const { store } = stores();
      const evidence = { text: 'a\u0000b\ud800', 'ü\udc00': [1e21, -0, 0.1, null, 'é\u2028'], no: Number.NaN };
      const [stored] = await store.appendAudit([auditDraft({ why: 'cut \ud83d', actor: 'x\u0000', evidence })]);
      const events = await store.listAudit();
      expect(events).toEqual([stored]);
      expect(verifyChain(events)).toMatchObject({ ok: true });
    });

    test('is found by release, artifact, time and position', async () => {
      const { store } = stores();
      const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`;
      await store.appendAudit([
        auditDraft({ at: at(1), releaseId: 'r1' }),
        auditDraft({ at: at(2), releaseId: 'r2' }),
        auditDraft({ at: at(3), releaseId: null, artifact: 'other' }),
      ]);
      const times = async (query: object) =>
        (await store.listAudit(query)).map(event => event.at.slice(18, 19)).join('');
      expect(await times({})).toBe('123');
      expect(await times({ release: 'r2' })).toBe('2');
      expect(await times({ artifact: 'other' })).toBe('3');
      expect(await times({ from: at(2) })).toBe('23');
      expect(await times({ to: at(2) })).toBe('12');
      expect(await times({ limit: 1 })).toBe('1');
      const [, second] = await store.readAudit();
      expect(await times({ after: second!.position })).toBe('3');
    });
  });
}
