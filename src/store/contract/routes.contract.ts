/** Part of the store's contract: which write of a route may replace which. */
import { describe, expect, test } from 'vitest';
import type { StoreFixture } from './fixture.ts';
import { auditDraft, routeRow } from './rows.ts';

export function routeContract(stores: () => StoreFixture): void {
  describe('a route', () => {
    test('is kept as it was given', async () => {
      const { store } = stores();
      const rest = routeRow({ artifact: 'a', releaseId: null, candidate: null, weight: 0 });
      expect(await store.putRoute(routeRow())).toBe('written');
      expect(await store.putRoute(rest)).toBe('written');
      expect(await store.listRoutes()).toEqual([rest, routeRow()]);
      expect(await store.getRoute('none')).toBeUndefined();
    });

    test('refuses a lower epoch and takes the same or a higher one', async () => {
      const { store } = stores();
      await store.putRoute(routeRow({ epoch: 5 }));
      expect(await store.putRoute(routeRow({ epoch: 4, weight: 50 }))).toBe('stale');
      expect(await store.putRoute(routeRow({ epoch: 5 }))).toBe('written');
      expect(await store.putRoute(routeRow({ epoch: 6, weight: 25 }))).toBe('written');
      expect(await store.getRoute('bot')).toEqual(routeRow({ epoch: 6, weight: 25 }));
    });

    test('of a release that was rolled back never gets weight again', async () => {
      const { store } = stores();
      const rolledBack = routeRow({ epoch: 5, weight: 0, rolledBack: 'r1@5' });
      await store.putRoute(rolledBack);
      expect(await store.putRoute(routeRow({ epoch: 5, weight: 10 }))).toBe('stale');
      expect(await store.putRoute(routeRow({ epoch: 5, weight: 0 }))).toBe('stale');
      expect(await store.putRoute(routeRow({ epoch: 6, weight: 10 }))).toBe('stale');
      expect(await store.putRoute(rolledBack)).toBe('written');
      expect(await store.getRoute('bot')).toEqual(rolledBack);
      expect(await store.putRoute(routeRow({ epoch: 6, releaseId: 'r2', weight: 10 }))).toBe('written');
    });

    test('that is adopted is on record once, however many see it, and with its route or not at all', async () => {
      const { store } = stores();
      const other = await stores().another();
      const adopt = (on: typeof store, epoch: number) =>
        on.adoptRoute(routeRow({ epoch }), [auditDraft({ artifact: 'bot', why: `epoch ${epoch}` })]);
      const outcomes = await Promise.all([adopt(store, 1), adopt(other, 1), adopt(store, 1), adopt(other, 1)]);
      expect(outcomes.sort()).toEqual(['stale', 'stale', 'stale', 'written']);
      expect(await adopt(store, 2)).toBe('written');
      expect(await adopt(other, 1)).toBe('stale');
      expect((await store.listAudit({ artifact: 'bot' })).map(({ why }) => why)).toEqual(['epoch 1', 'epoch 2']);
      expect((await store.getRoute('bot'))?.epoch).toBe(2);
    });

    test('written by two connections ends at the higher epoch', async () => {
      const other = await stores().another();
      const { store } = stores();
      const writes = Array.from({ length: 20 }, (_, n) =>
        (n % 2 ? store : other).putRoute(routeRow({ epoch: 20 - n })),
      );
      await Promise.all(writes);
      expect((await store.getRoute('bot'))?.epoch).toBe(20);
    });
  });
}
