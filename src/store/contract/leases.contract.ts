/** Part of the store's contract: who works on which release, and when. */
import { describe, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import type { StoreFixture } from './fixture.ts';
import { releaseRow } from './rows.ts';

async function insertMany(store: Store, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await store.insertRelease(releaseRow({ id: `r${n}`, artifact: `a${n}`, dueAt: n }), []);
  }
}

const ids = (releases: { id: string }[]) => releases.map(({ id }) => id);

export function leaseContract(stores: () => StoreFixture): void {
  claimContract(stores);
  queueContract(stores);
}

function claimContract(stores: () => StoreFixture): void {
  describe('claiming releases', () => {
    test('takes those that are due, most overdue first, up to the limit', async () => {
      const { store } = stores();
      await insertMany(store, 4);
      await store.insertRelease(releaseRow({ id: 'ended', artifact: 'e', active: false }), []);
      expect(ids(await store.claimReleases('me', 2, 1000, 2))).toEqual(['r0', 'r1']);
      expect(ids(await store.claimReleases('other', 2, 1000, 10))).toEqual(['r2']);
      expect(await store.getRelease('r0')).toMatchObject({ leaseOwner: 'me', leaseUntil: 1002, stateVersion: 1 });
    });

    test('leaves another owner’s lease alone until it lapses, and hands out the own one again', async () => {
      const { store } = stores();
      await insertMany(store, 1);
      await store.claimReleases('me', 10, 100, 1);
      expect(ids(await store.claimReleases('me', 20, 100, 1))).toEqual(['r0']);
      expect(await store.claimReleases('other', 119, 100, 1)).toEqual([]);
      expect(ids(await store.claimReleases('other', 120, 100, 1))).toEqual(['r0']);
    });

    test('by many connections at once gives each release to one of them', async () => {
      await insertMany(stores().store, 20);
      const connections = await Promise.all(Array.from({ length: 4 }, () => stores().another()));
      const claims = await Promise.all(connections.map((store, n) => store.claimReleases(`owner-${n}`, 100, 1000, 8)));
      const taken = claims.flatMap(ids);
      expect(new Set(taken).size).toBe(taken.length);
      expect(taken).toHaveLength(20);
    });

    test('again prolongs the own lease, and a save does not shorten it', async () => {
      const { store } = stores();
      await insertMany(store, 3);
      const [claimed] = await store.claimReleases('me', 10, 100, 2);
      expect(await store.claimReleases('me', 50, 100, 2)).toHaveLength(2);
      await store.saveRelease(claimed!, 1, []);
      expect(await store.getRelease('r0')).toMatchObject({ leaseOwner: 'me', leaseUntil: 150 });
    });

    test('ends for all when the owner lets go', async () => {
      const { store } = stores();
      await insertMany(store, 2);
      await store.claimReleases('me', 10, 1000, 2);
      await store.releaseLeases('me');
      expect(ids(await store.claimReleases('other', 10, 1000, 2))).toEqual(['r0', 'r1']);
    });
  });
}

function queueContract(stores: () => StoreFixture): void {
  test('the queue is what is due and held by nobody', async () => {
    const { store } = stores();
    await insertMany(store, 5);
    expect(await store.countWaiting(3)).toBe(4);
    await store.claimReleases('me', 3, 100, 3);
    expect(await store.countWaiting(3)).toBe(1);
    expect(await store.countWaiting(103)).toBe(5);
  });
}
