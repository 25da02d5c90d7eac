/** One replica among several, with the others played by the test: what it leaves to them, and what it does in their place. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Change } from '../store/store.ts';
import { ARTIFACT, type Bench, exposed, openBench } from './world.test-support.ts';

let bench: Bench;
afterEach(async () => bench.close());

const pause = { kind: 'pause', actor: 'ann' } as const;
const rollback = { kind: 'rollback', reason: 'users complain', actor: 'ann' } as const;
const kinds = async () => (await bench.store.listAudit()).map(({ kind }) => kind);

/** Makes the store one that others share; answers how they tell of a change. */
function share(): (change: Change) => void {
  let tell: (change: Change) => void = () => undefined;
  Object.assign(bench.store, {
    onChange(listener: (change: Change) => void) {
      tell = listener;
      return () => undefined;
    },
  });
  return change => tell(change);
}

/** Stops; another process takes every lease for an hour; starts again on the same files. */
async function loseTheLeases(): Promise<void> {
  await bench.controller.stop();
  await bench.store.claimReleases('other', bench.clock.nowMs(), 3_600_000, 10);
  await bench.restart();
}

describe('a release that another replica runs', () => {
  test('is not passed over, and takes commands all the same', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    await loseTheLeases();
    expect(bench.controller.load()).toEqual({ queued: 0, active: 0 });
    expect(await bench.controller.command(id, pause)).toMatchObject({ hold: { reason: 'paused' } });
    expect(await bench.store.getRelease(id)).toMatchObject({ leaseOwner: 'other' });
    expect(await bench.controller.command(id, rollback)).toMatchObject({ phase: 'rolledBack', weight: 0 });
    expect(bench.registry.assignment(ARTIFACT)?.weight).toBe(0);
    expect(bench.controller.load().active).toBe(0);
    expect((await kinds()).slice(-3)).toEqual(['pause', 'rollback', 'restored']);
  });

  test('is rolled back here while the store is away only in traffic, and recorded by the passes when it is back', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    const stored = (await bench.store.getRelease(id))!;
    await loseTheLeases();
    bench.faults.fail('saveRelease', 'putRoute');
    expect(await bench.controller.command(id, rollback)).toMatchObject({ phase: 'rollingBack', weight: 0 });
    expect(bench.registry.assignment(ARTIFACT)?.weight).toBe(0);
    expect((await bench.store.getRelease(id))?.stateVersion).toBe(stored.stateVersion);
    bench.faults.heal();
    await bench.controller.passAll();
    expect((await kinds()).filter(kind => kind === 'rollback')).toHaveLength(1);
    expect(bench.journal.pending()).toEqual([]);
    expect(bench.controller.load().active).toBe(0);
  });
});

describe('a release that this replica runs', () => {
  test('takes a command on the state that another replica has saved meanwhile', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    const stored = (await bench.store.getRelease(id))!;
    await bench.store.saveRelease(stored, stored.stateVersion, []);
    expect(await bench.controller.command(id, pause)).toMatchObject({ hold: { reason: 'paused' } });
    expect((await bench.store.getRelease(id))?.stateVersion).toBe(stored.stateVersion + 2);
  });

  test('and that another one takes back is left alone until that one has recorded it, for five seconds at most', async () => {
    bench = await openBench();
    share();
    const { id, version } = await exposed(bench);
    const route = (await bench.store.getRoute(ARTIFACT))!;
    const epoch = route.epoch + 3;
    const gone = { releaseId: null, salt: '', weight: 0, candidate: null, rolledBack: `${id}@${epoch}` };
    await bench.store.putRoute({ ...route, ...gone, epoch });
    await bench.registry.refresh(ARTIFACT);
    expect(bench.registry.assignment(ARTIFACT)).toMatchObject({ weight: 0, epoch });
    for (let seconds = 0; seconds < 5; seconds += 1) {
      await bench.controller.passAll();
      expect(await kinds()).not.toContain('rollback');
      bench.clock.advance(999);
    }
    await expect(bench.controller.command(id, pause)).rejects.toMatchObject({ code: 'STATE_MOVED' });
    bench.clock.advance(1_000);
    await bench.controller.passAll();
    expect((await kinds()).slice(-2)).toEqual(['rollback', 'restored']);
    expect((await bench.store.getVersion(ARTIFACT, version))?.heldBy).toBe(id);
  });
});

test('a hint that comes while its look is under way makes it look once more', async () => {
  bench = await openBench();
  await exposed(bench);
  await bench.controller.stop();
  const tell = share();
  const real = bench.store.getRoute;
  let looks = 0;
  let open = () => {};
  const gate = new Promise<void>(resolve => {
    open = resolve;
  });
  Object.assign(bench.store, {
    async getRoute(artifact: string) {
      const isFirst = looks++ === 0;
      const route = await real(artifact);
      if (isFirst) await gate;
      return route;
    },
  });
  await bench.controller.start();
  tell({ of: 'route', artifact: ARTIFACT });
  const route = (await bench.store.getRoute(ARTIFACT))!;
  await bench.store.putRoute({ ...route, epoch: route.epoch + 1, weight: 0, candidate: null, releaseId: null });
  tell({ of: 'route', artifact: ARTIFACT });
  open();
  for (let turn = 0; turn < 200 && bench.registry.assignment(ARTIFACT)?.weight !== 0; turn += 1)
    await new Promise(resolve => setImmediate(resolve));
  expect(bench.registry.assignment(ARTIFACT)).toMatchObject({ weight: 0, epoch: route.epoch + 1 });
});
