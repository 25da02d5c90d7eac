/** Part of the store's contract: outcomes as they arrive, what was folded from them, and test runs. */
import { describe, expect, test } from 'vitest';
import type { ManualClock } from '../../clock.ts';
import type { StoreFixture } from './fixture.ts';
import { batchDraft } from './rows.ts';

export function evidenceContract(stores: () => StoreFixture, clock: ManualClock): void {
  outcomeContract(stores);
  trimContract(stores, clock);
  documentContract(stores);
}

function outcomeContract(stores: () => StoreFixture): void {
  describe('outcome batches', () => {
    test('are read back in order, of their artifact alone, after an offset', async () => {
      const { store } = stores();
      expect(await store.appendOutcomes([])).toEqual({ duplicates: [], maxOffset: 0 });
      const drafts = [1, 2, 3].map(sequence => batchDraft({ sequence, outcomes: [{ id: `o${sequence}` }] }));
      const { maxOffset, duplicates } = await store.appendOutcomes([...drafts, batchDraft({ artifact: 'other' })]);
      expect(duplicates).toEqual([]);
      const all = await store.readOutcomes('bot', 0, 10);
      expect(all.map(({ offset: _, ...rest }) => rest)).toEqual(drafts);
      expect(await store.readOutcomes('bot', all[0]!.offset, 1)).toEqual([all[1]]);
      const [other] = await store.readOutcomes('other', 0, 10);
      expect(other!.offset).toBe(maxOffset);
    });

    test('count once by client, sequence and artifact, within a call and across calls', async () => {
      const { store } = stores();
      const first = await store.appendOutcomes([batchDraft(), batchDraft(), batchDraft({ artifact: 'other' })]);
      expect(first.duplicates).toEqual([1]);
      const again = await store.appendOutcomes([
        batchDraft({ sequence: 2 }),
        batchDraft(),
        batchDraft({ client: 'd' }),
      ]);
      expect(again.duplicates).toEqual([1]);
      expect(await store.readOutcomes('bot', 0, 10)).toHaveLength(3);
      expect((await store.appendOutcomes([batchDraft()])).maxOffset).toBe(again.maxOffset);
    });

    test('without client or sequence are never duplicates', async () => {
      const { store } = stores();
      const nameless = [batchDraft({ client: null, sequence: null }), batchDraft({ client: null, sequence: null })];
      expect((await store.appendOutcomes(nameless)).duplicates).toEqual([]);
      expect(await store.readOutcomes('bot', 0, 10)).toHaveLength(2);
    });

    test('from many connections at once all arrive, each under an offset of its own', async () => {
      const connections = await Promise.all(Array.from({ length: 4 }, () => stores().another()));
      await Promise.all(
        connections.flatMap((store, n) =>
          Array.from({ length: 25 }, (_, sequence) =>
            store.appendOutcomes([batchDraft({ client: `c${n}`, sequence })]),
          ),
        ),
      );
      const offsets = (await stores().store.readOutcomes('bot', 0, 1000)).map(({ offset }) => offset);
      expect(new Set(offsets).size).toBe(100);
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    });
  });
}

function trimContract(stores: () => StoreFixture, clock: ManualClock): void {
  describe('trimming', () => {
    test('drops what was folded, and offsets go on from where they were', async () => {
      const { store } = stores();
      await store.appendOutcomes([1, 2, 3].map(sequence => batchDraft({ sequence, receivedAt: clock.nowMs() })));
      await store.appendOutcomes([batchDraft({ artifact: 'other', receivedAt: clock.nowMs() })]);
      const [, second, third] = await store.readOutcomes('bot', 0, 10);
      await store.trimOutcomes('bot', second!.offset);
      expect(await store.readOutcomes('bot', 0, 10)).toEqual([third]);
      expect(await store.readOutcomes('other', 0, 10)).toHaveLength(1);
      await store.trimOutcomes('bot', third!.offset);
      await store.trimOutcomes('other', third!.offset + 1);
      const { maxOffset } = await store.appendOutcomes([batchDraft({ sequence: 4, receivedAt: clock.nowMs() })]);
      expect(maxOffset).toBeGreaterThan(third!.offset + 1);
    });

    test('by age drops what is older, of every artifact, and nothing else', async () => {
      const { store } = stores();
      const ages = [1, 2, 3, 4].map(at =>
        batchDraft({ sequence: at, receivedAt: at, artifact: at % 2 ? 'bot' : 'other' }),
      );
      await store.appendOutcomes(ages);
      await store.dropOutcomesBefore(1);
      expect(await store.readOutcomes('bot', 0, 10)).toHaveLength(2);
      await store.dropOutcomesBefore(3);
      expect(await store.readOutcomes('bot', 0, 10)).toMatchObject([{ receivedAt: 3 }]);
      expect(await store.readOutcomes('other', 0, 10)).toMatchObject([{ receivedAt: 4 }]);
      await store.dropOutcomesBefore(5);
      expect(await store.readOutcomes('other', 0, 10)).toEqual([]);
    });

    test('does not forget a batch that comes again within the hour', async () => {
      const { store } = stores();
      const batch = batchDraft({ receivedAt: clock.nowMs() });
      const { maxOffset } = await store.appendOutcomes([batch]);
      clock.advance(3_599_999);
      await store.trimOutcomes('bot', maxOffset);
      expect((await store.appendOutcomes([batch])).duplicates).toEqual([0]);
      clock.advance(1);
      await store.trimOutcomes('bot', maxOffset);
      expect((await store.appendOutcomes([batch])).duplicates).toEqual([]);
    });
  });
}

function documentContract(stores: () => StoreFixture): void {
  test('a snapshot is replaced as a whole, byte for byte', async () => {
    const { store } = stores();
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
    await store.putSnapshot('r1', 1, Uint8Array.of(9));
    await store.putSnapshot('r1', 2, bytes);
    expect(await store.getSnapshot('r1')).toEqual({ offset: 2, bytes });
    await store.putSnapshot('r1', 3, new Uint8Array());
    expect(await store.getSnapshot('r1')).toEqual({ offset: 3, bytes: new Uint8Array() });
  });

  test('a test run is kept by release and suite, the latest one', async () => {
    const { store } = stores();
    await store.putTestRun('r1', 'b', { passed: 1 });
    await store.putTestRun('r1', 'a', { passed: 2 });
    await store.putTestRun('r1', 'b', { passed: 3 });
    expect(await store.getTestRuns('r1')).toEqual([
      { releaseId: 'r1', suite: 'a', document: { passed: 2 } },
      { releaseId: 'r1', suite: 'b', document: { passed: 3 } },
    ]);
    expect(await store.getTestRuns('r2')).toEqual([]);
  });
}
