/**
 * What every TrafficRouter must do. An adapter's test calls this first and adds only what is special to it.
 */
import { describe, expect, test } from 'vitest';
import type { Route, TrafficRouter } from './router.ts';

export const BASELINE = `sha256:${'a'.repeat(64)}`;
export const CANDIDATE = `sha256:${'b'.repeat(64)}`;

export function routeOf(change: Partial<Route> = {}): Route {
  return {
    artifact: 'support-bot',
    releaseId: 'rel_1',
    salt: 'rel_1',
    epoch: 1,
    weight: 10,
    baseline: BASELINE,
    candidate: CANDIDATE,
    rolledBack: null,
    ...change,
  };
}

/** @param open a router with versions BASELINE and CANDIDATE of `support-bot`, and nothing routed yet */
export function routerContract(
  name: string,
  open: () => Promise<{ router: TrafficRouter; close: () => Promise<void> }>,
): void {
  const withRouter = async (work: (router: TrafficRouter) => Promise<void>) => {
    const { router, close } = await open();
    try {
      await work(router);
    } finally {
      await close();
    }
  };

  describe(`${name} keeps the router contract`, () => {
    test('knows no route of an artifact that has none', () =>
      withRouter(async router => expect(await router.readRoute('support-bot')).toBeUndefined()));

    test.each([0, 1, 50, 100])('reads back weight %i, also when it was written twice', weight =>
      withRouter(async router => {
        await router.writeRoute(routeOf({ weight }));
        await router.writeRoute(routeOf({ weight }));
        expect(await router.readRoute('support-bot')).toEqual(routeOf({ weight }));
      }),
    );

    test('refuses an older epoch, and another route under the same one', () =>
      withRouter(async router => {
        await router.writeRoute(routeOf({ epoch: 5, weight: 0 }));
        await expect(router.writeRoute(routeOf({ epoch: 4 }))).rejects.toMatchObject({ code: 'EPOCH_STALE' });
        await expect(router.writeRoute(routeOf({ epoch: 5, weight: 50 }))).rejects.toMatchObject({
          code: 'EPOCH_STALE',
        });
        expect((await router.readRoute('support-bot'))?.weight).toBe(0);
      }));

    test('gives no weight to a release whose tombstone is in force', () =>
      withRouter(async router => {
        await router.writeRoute(routeOf());
        await router.writeRoute(
          routeOf({ epoch: 2, weight: 0, candidate: null, releaseId: null, salt: '', rolledBack: 'rel_1@2' }),
        );
        await expect(router.writeRoute(routeOf({ epoch: 3, weight: 25 }))).rejects.toMatchObject({
          code: 'EPOCH_STALE',
        });
        expect((await router.readRoute('support-bot'))?.weight).toBe(0);
      }));

    test('tells when a route is live, and that is not after it was stored when it lowers', () =>
      withRouter(async router => {
        await router.writeRoute(routeOf({ weight: 50 }));
        const live: number[] = [];
        const written = await router.writeRoute(routeOf({ epoch: 2, weight: 0 }), atMs => live.push(atMs));
        expect(live).toEqual([written.liveAtMs]);
        expect(written.storedAtMs).toBeGreaterThanOrEqual(written.liveAtMs);
      }));
  });
}
