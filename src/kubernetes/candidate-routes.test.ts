import { describe, expect, test } from 'vitest';
import { manualClock } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import type { RouteObject } from '../traffic/gateway/object.ts';
import { routeWith, split, target } from '../traffic/gateway/routes.test-support.ts';
import { candidateRoutes } from './candidate-routes.ts';

const ARTIFACT = 'shop.web';

/** The routes of one artifact, as a watch would bring them; no call is made by what is tested here. */
function stand() {
  const clock = manualClock();
  const of = target();
  const shown: { route: RouteObject } = { route: at(0, 1) };
  const routes = candidateRoutes({
    client: {} as KubeClient,
    clock,
    random: () => 0.5,
    route: () => shown.route,
    located: () => ({ routes: [of.address], baseline: of.baseline, candidate: of.candidate }),
  });
  return { clock, shown, clearance: () => routes.clearance(ARTIFACT) };
}

function at(weight: number, epoch: number, generation = 1): RouteObject {
  return routeWith([split(100 - weight, weight)], { 'spillway.dev/epoch': `${epoch}` }, generation);
}

describe('since when a candidate gets nothing', () => {
  test('begins when it is seen, and stands while nothing changes', () => {
    const { clock, clearance } = stand();
    const { sinceMs } = clearance();
    clock.advance(700);
    expect(clearance()).toMatchObject({ isClear: true, sinceMs });
  });

  test('begins anew after a release that was not looked at meanwhile: its requests have to finish too', () => {
    const { clock, shown, clearance } = stand();
    clearance();
    shown.route = at(25, 7, 2); // nobody asks while it has a weight
    clock.advance(60_000);
    shown.route = at(0, 8, 3);
    expect(clearance()).toMatchObject({ isClear: true, sinceMs: clock.monotonicMs() });
  });

  test('goes on over a change that has nothing to do with the weight', () => {
    const { clock, shown, clearance } = stand();
    const { sinceMs } = clearance();
    clock.advance(700);
    shown.route = at(0, 1, 2);
    expect(clearance().sinceMs).toBe(sinceMs);
  });

  test('is not said while it has a weight, or while a gateway has not seen that it has none', () => {
    const { shown, clearance } = stand();
    shown.route = at(25, 7);
    expect(clearance()).toMatchObject({ isClear: false, why: expect.stringContaining('gives it 25 %') });
    shown.route = { ...at(0, 8, 2), metadata: { ...at(0, 8, 2).metadata, generation: 3 } };
    expect(clearance()).toMatchObject({
      isClear: false,
      why: expect.stringContaining('has not taken up generation 3'),
    });
  });
});
