import { expect, test } from 'vitest';
import { routeOf } from './router.contract.ts';
import type { Confirmation, Route, TrafficRouter } from './router.ts';
import { splitRouter } from './split-router.ts';

/** Notes what it is asked. */
function noting(name: string, calls: string[], confirmed?: Confirmation): TrafficRouter {
  const note = (verb: string, artifact = 'all') => calls.push(`${name} ${verb} ${artifact}`);
  return {
    refresh: async artifact => void note('refresh', artifact),
    readRoute: async artifact => void note('read', artifact) as undefined,
    async writeRoute(route, onLive) {
      note('write', route.artifact);
      onLive?.(1);
      return { liveAtMs: 1, storedAtMs: 2 };
    },
    ...(confirmed
      ? {
          async confirm(route: Route) {
            note('confirm', route.artifact);
            return confirmed;
          },
        }
      : {}),
  };
}

test('the name of an artifact tells who is asked, and a refresh of all asks both', async () => {
  const calls: string[] = [];
  const router = splitRouter(noting('prompts', calls), noting('workloads', calls, { acceptedAtMs: 3 }));
  for (const artifact of ['support-bot', 'shop.web']) {
    await router.refresh?.(artifact);
    await router.readRoute(artifact);
    await router.writeRoute(routeOf({ artifact }), atMs => calls.push(`live ${atMs}`));
  }
  await router.refresh?.();
  expect(calls).toEqual([
    'prompts refresh support-bot',
    'prompts read support-bot',
    'prompts write support-bot',
    'live 1',
    'workloads refresh shop.web',
    'workloads read shop.web',
    'workloads write shop.web',
    'live 1',
    'prompts refresh all',
    'workloads refresh all',
  ]);
  expect(await router.confirm?.(routeOf()), 'a live prompt is obeyed').toBeUndefined();
  expect(await router.confirm?.(routeOf({ artifact: 'shop.web' }))).toEqual({ acceptedAtMs: 3 });
});

test('without a cluster a workload is refused, with what to start, and prompts go on', async () => {
  const calls: string[] = [];
  const router = splitRouter(noting('prompts', calls));
  const route = routeOf({ artifact: 'shop.web' });
  for (const asked of [router.readRoute('shop.web'), router.writeRoute(route), router.confirm?.(route)])
    await expect(asked).rejects.toMatchObject({ code: 'NOT_SUPPORTED', hint: expect.stringContaining('serve --kube') });
  await router.refresh?.('shop.web');
  await router.refresh?.();
  expect(calls).toEqual(['prompts refresh all']);
});
