import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { type Faults, faultyStore } from '../store/faulty-store.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { type PromptRegistry, promptRegistry } from './registry.ts';
import { BASELINE, CANDIDATE, routeOf, routerContract } from './router.contract.ts';

let opened: { store: Store; faults: Faults; registry: PromptRegistry; close: () => Promise<void> } | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-registry-'));
  const clock = systemClock;
  const { store, faults } = faultyStore(await openSqliteStore({ folder, clock }));
  for (const version of [BASELINE, CANDIDATE]) {
    const spec = { template: version.slice(7, 8) };
    await store.putVersion({ artifact: 'support-bot', version, spec, createdAt: 0, createdBy: 'test', heldBy: null });
  }
  const registry = promptRegistry({ store, clock });
  const close = async () => {
    faults.heal();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { store, faults, registry, router: registry, close };
}

routerContract('the prompt registry', open);

describe('the prompt registry', () => {
  test('shows a lowered weight at once while the store is away, and stores it when asked again', async () => {
    opened = await open();
    const { registry, faults, store } = opened;
    await registry.writeRoute(routeOf({ weight: 50 }));
    faults.fail();
    await expect(registry.writeRoute(routeOf({ epoch: 2, weight: 0 }))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(registry.assignment('support-bot')).toMatchObject({ weight: 0, epoch: 2 });
    faults.heal();
    await registry.writeRoute(routeOf({ epoch: 2, weight: 0 }));
    expect(await store.getRoute('support-bot')).toMatchObject({ weight: 0, epoch: 2 });
  });

  test('shows no raised weight that the store did not take', async () => {
    opened = await open();
    const { registry, faults } = opened;
    await registry.writeRoute(routeOf({ weight: 10 }));
    faults.fail('putRoute');
    await expect(registry.writeRoute(routeOf({ epoch: 2, weight: 25 }))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(registry.assignment('support-bot')?.weight).toBe(10);
  });

  test('tells every listener in the turn in which a route becomes live, with both contents', async () => {
    opened = await open();
    const { registry } = opened;
    const seen: unknown[] = [];
    registry.subscribe(assignment => seen.push(assignment));
    await registry.writeRoute(routeOf());
    expect(seen).toEqual([
      expect.objectContaining({
        weight: 10,
        baseline: { version: BASELINE, value: { template: 'a' } },
        candidate: { version: CANDIDATE, value: { template: 'b' } },
      }),
    ]);
  });

  test('refuses a route to a version that nobody registered', async () => {
    opened = await open();
    const unknown = `sha256:${'c'.repeat(64)}`;
    await expect(opened.registry.writeRoute(routeOf({ candidate: unknown }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('begins from the stored routes', async () => {
    opened = await open();
    await opened.registry.writeRoute(routeOf({ weight: 25 }));
    const again = promptRegistry({ store: opened.store, clock: systemClock });
    await again.load();
    expect(again.assignment('support-bot')).toEqual(opened.registry.assignment('support-bot'));
  });

  test('leaves routes of workloads to the cluster, though they lie in the same table', async () => {
    opened = await open();
    const { registry, store } = opened;
    await store.putRoute({ ...routeOf({ artifact: 'shop.web' }), updatedAt: 0 });
    await registry.load();
    await registry.refresh('shop.web');
    expect([registry.assignments(), await registry.readRoute('shop.web')]).toEqual([[], undefined]);
  });

  test('takes up what another replica stored, whichever way it moves the weight, and tells its listeners', async () => {
    opened = await open();
    const { registry, store } = opened;
    const other = promptRegistry({ store, clock: systemClock });
    const seen: number[] = [];
    other.subscribe(({ weight }) => seen.push(weight));
    for (const [epoch, weight] of [
      [1, 10],
      [2, 25],
      [3, 0],
    ] as const) {
      await registry.writeRoute(routeOf({ epoch, weight }));
      await other.refresh('support-bot');
    }
    await other.refresh();
    await other.refresh('unknown');
    expect(seen).toEqual([10, 25, 0]);
  });

  test('keeps a rollback that the store has not taken when an older route is read from it', async () => {
    opened = await open();
    const { registry, faults } = opened;
    await registry.writeRoute(routeOf({ epoch: 4, weight: 50 }));
    faults.fail('putRoute');
    await registry.writeRoute(routeOf({ epoch: 7, weight: 0 })).catch(() => undefined);
    faults.heal();
    await registry.refresh('support-bot');
    expect(registry.assignment('support-bot')).toMatchObject({ weight: 0, epoch: 7 });
  });
});
