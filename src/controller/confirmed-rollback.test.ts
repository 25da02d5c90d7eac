import { afterEach, expect, test } from 'vitest';
import type { ManualClock } from '../clock.ts';
import { SpillwayError } from '../errors.ts';
import { fail } from '../rollout/release.test-support.ts';
import type { Confirmation, TrafficRouter } from '../traffic/router.ts';
import type { Alert } from './face.ts';
import { type Bench, exposed, openBench } from './world.test-support.ts';

/** What the gateways in front of a workload answer when they are asked, in the time of the test. */
interface Gateways {
  confirm(clock: ManualClock): Confirmation;
  /** Throws where the route cannot be written. */
  write(): void;
}

const notYet = new SpillwayError('WEIGHT_REJECTED', 'gateway/gateway has seen generation 1 of 2.');
let bench: Bench;
let gateways: Gateways;
const alerts: Alert[] = [];
afterEach(() => bench.close());

/** A workload in its first stage, about to be taken back. */
async function failing(): Promise<string> {
  gateways = { confirm: clock => ({ acceptedAtMs: clock.monotonicMs() }), write: () => undefined };
  alerts.length = 0;
  const wrapRouter = (registry: TrafficRouter, _store: unknown, clock: ManualClock): TrafficRouter => ({
    ...registry,
    async writeRoute(route, onLive) {
      gateways.write();
      return registry.writeRoute(route, onLive);
    },
    confirm: async () => gateways.confirm(clock),
  });
  bench = await openBench({ artifact: 'shop.web', wrapRouter });
  bench.controller.onEvent(event => event.type === 'alert' && alerts.push(event.alert));
  const { id } = await exposed(bench);
  bench.verdict = fail;
  return id;
}

async function passAfter(ms: number) {
  bench.clock.advance(ms);
  await bench.controller.passAll();
}

test('a workload is restored when its gateways have taken the rollback up, and the clock says when that was', async () => {
  const id = await failing();
  gateways.confirm = () => {
    throw notYet;
  };
  await passAfter(1_000);
  expect(await bench.controller.release(id), 'recorded at once').toMatchObject({ phase: 'rollingBack', weight: 0 });
  expect(await bench.store.getRoute('shop.web')).toMatchObject({ weight: 0, rolledBack: expect.stringContaining(id) });
  await passAfter(2_000);
  expect((await bench.controller.release(id))?.phase).toBe('rollingBack');
  gateways.confirm = clock => ({ acceptedAtMs: clock.monotonicMs() - 400, verifiedAtMs: clock.monotonicMs() - 100 });
  await passAfter(1_000);
  expect(await bench.controller.release(id)).toMatchObject({
    phase: 'rolledBack',
    rollback: {
      withinSla: true,
      clocks: { decisionToWriteMs: 0, writeToAcceptedMs: 2_600, writeToVerifiedMs: 2_900 },
    },
  });
});

test('gateways that do not take it up in time raise the alert, once, and are asked on', async () => {
  const id = await failing();
  gateways.confirm = () => {
    throw notYet;
  };
  await passAfter(1_000);
  for (let n = 0; n < 20; n++) await passAfter(1_000);
  expect(alerts).toMatchObject([{ name: 'RollbackTimeExceeded', releaseId: id, elapsedMs: 16_000 }]);
  gateways.confirm = clock => ({ acceptedAtMs: clock.monotonicMs() });
  await passAfter(1_000);
  expect(await bench.controller.release(id)).toMatchObject({ phase: 'rolledBack', rollback: { withinSla: false } });
  expect(alerts).toHaveLength(1);
});

test('a probe that never sees it obeyed is waited for until it was alarmed, and no longer', async () => {
  const id = await failing();
  gateways.confirm = () => ({ acceptedAtMs: 0, unverified: 'http://shop.example does not obey weight 0 in time' });
  await passAfter(1_000);
  for (let n = 0; n < 15; n++) await passAfter(1_000);
  expect([(await bench.controller.release(id))?.phase, alerts.length]).toEqual(['rollingBack', 0]);
  await passAfter(1_000);
  expect(alerts).toHaveLength(1);
  await passAfter(1_000);
  const ended = await bench.controller.release(id);
  expect(ended?.phase).toBe('rolledBack');
  expect(ended?.rollback?.clocks).not.toHaveProperty('writeToVerifiedMs');
  expect(ended?.rollback?.withinSla, 'as the alert said').toBe(false);
});

test('a cluster that takes no writes costs the time until it does, and the record is made meanwhile', async () => {
  const id = await failing();
  gateways.write = () => {
    throw new SpillwayError('CLUSTER_UNREACHABLE', 'the API server does not answer');
  };
  await passAfter(1_000);
  expect((await bench.store.getRelease(id))?.state).toMatchObject({ phase: 'rollingBack' });
  await passAfter(3_000);
  gateways.write = () => undefined;
  await passAfter(1_000);
  expect(await bench.controller.release(id)).toMatchObject({
    phase: 'rolledBack',
    rollback: { clocks: { decisionToWriteMs: 4_000, writeToAcceptedMs: 0 } },
  });
});
