/**
 * In what order a release does things, and what it waits for: the record of it, pods before weights, gateways before the next stage, and a
 * source of metrics that never answers. Numbers are those of the scenarios that other tools test.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { until } from '../support/until.ts';
import type { KubeObject } from './client/objects.ts';
import { GATEWAY } from './plane/addresses.ts';
import { type LateGateway, lateGateway } from './support/late-gateway.ts';
import { conditionOf } from './support/pipelines.ts';
import { openScene, type Scene, type Team, untilRouted, weightsSeen } from './support/scene.ts';
import { idle } from './support/surroundings.ts';
import { doubled } from './support/web.ts';
import { isReady, untilRolledOut } from './support/workloads.ts';

let scene: Scene;
let late: LateGateway;
beforeAll(async () => {
  scene = await openScene();
  late = await lateGateway(scene);
}, 90_000);
afterAll(() => scene?.room.end());

const ALONE = { replicas: 1 };
const BY_CLOCK = { stage: { hold: '0s', timeout: '1s', minSamples: 20, onInconclusive: 'advance' }, bake: '1s' };
const isFirstStage = ({ stage }: { stage?: string }) => stage === '1/3';

function patch(team: Team, spec: object): Promise<KubeObject> {
  const path = `/apis/apps/v1/namespaces/${scene.cluster.namespace}/deployments/${team.name}`;
  return scene.cluster.api.patch(path, 'strategic', { spec });
}
const withContainer = (container: object) => ({ template: { spec: { containers: [{ name: 'app', ...container }] } } });

/** Pods of the candidate that are ready and not about to end. */
async function readyPods({ name }: Team): Promise<number> {
  const selector = `?labelSelector=spillway.dev%2Fpipeline%3D${name}`;
  const pods = await scene.cluster.list('v1', `pods${selector}`);
  return pods.filter(pod => pod.metadata.deletionTimestamp === undefined && isReady(pod as never)).length;
}

/** Of the artifact, as the server's trail has them. */
async function auditOf({ name }: Team) {
  const artifact = `${scene.cluster.namespace}.${name}`;
  const answer = await fetch(`${scene.server.url}/api/v1/audit?format=jsonl&artifact=${artifact}`);
  const lines = (await answer.text()).split('\n').filter(line => line !== '');
  return lines.map(line => JSON.parse(line)).filter(event => 'kind' in event);
}

describe.concurrent('the record', { timeout: 240_000 }, () => {
  test('S10: begun, rolled back, again, promoted: each event once and in order', async ({ expect }) => {
    const team = await scene.team('record', {
      ...ALONE,
      wishes: { stages: [{ weight: 50 }, { weight: 100 }] },
    });
    await team.change('v2');
    await untilRouted(team, 50);
    await team.ask('pause', 'a look');
    await team.ask('rollback', 'wrong');
    await team.untilClean();
    await until('the template is back', async () => (await team.template()) === 'v1');
    const first = (await team.status())['release'];
    await team.change('v3');
    await team.until(({ release, stage }) => release !== first && stage === '1/2', 90_000);
    await untilRouted(team, 50);
    await team.ask('promote');
    await untilRouted(team, 100);
    await team.ask('promote');
    await team.until(({ stage }) => stage === 'bake');
    await team.ask('promote');
    await team.until(({ phase }) => phase === 'serving', 90_000);
    const events = await auditOf(team);
    const said = events
      .filter(({ kind, releaseId }) => kind !== 'hold' && releaseId !== null)
      .map(({ kind, evidence: { phase }, weightBefore, weightAfter }) =>
        [kind, phase ? `${phase.before}>${phase.after}` : '', `${weightBefore}>${weightAfter}`].join(' '),
      );
    expect(said).toEqual([
      'create  0>0',
      'advance queued>testing 0>0',
      'advance testing>comparing 0>0',
      'advance comparing>rollingOut 0>50',
      'pause rollingOut>rollingOut 50>50',
      'rollback rollingOut>rollingBack 50>0',
      'restored rollingBack>rolledBack 0>0',
      'create  0>0',
      'advance queued>testing 0>0',
      'advance testing>comparing 0>0',
      'advance comparing>rollingOut 0>50',
      'advance rollingOut>rollingOut 50>100',
      'advance rollingOut>baking 100>100',
      'promote baking>promoting 100>100',
      'advance promoting>promoting 100>100',
      'advance promoting>promoting 100>100',
      'promote promoting>succeeded 100>100',
    ]);
    expect(doubled(events)).toEqual([]);
  });
});

describe.concurrent('pods before weights', { timeout: 240_000 }, () => {
  test('S41: an image that cannot be pulled never gets a weight, also where stages pass without evidence', async ({
    expect,
  }) => {
    const team = await scene.team('unseen', { ...ALONE, wishes: BY_CLOCK });
    const weights = await weightsSeen(scene, team);
    await patch(team, withContainer({ image: 'missing/app:v2' }));
    const { release } = await team.until(({ release }) => release !== undefined, 60_000);
    const ended = await team.until(status => status.release === release && status.phase === 'serving', 90_000);
    expect(conditionOf(ended, 'Progressing')?.message).toMatch(/rolled back \(healthCheck\): .*image/i);
    await team.untilClean();
    expect(await team.template()).toBe('v1');
    expect(weights).toEqual([0]);
  });

  test('S55: at 10, 30 and 60 % of ten replicas there are 1, 3 and 6 pods, ready before the weight is there', async ({
    expect,
  }) => {
    const stages = [10, 30, 60, 100].map(weight => ({ weight }));
    const team = await scene.team('ten', { replicas: 10, container: idle(), wishes: { stages } });
    await patch(team, withContainer({ image: 'app:v2' }));
    for (const [weight, pods] of [
      [10, 1],
      [30, 3],
      [60, 6],
    ] as const) {
      await untilRouted(team, weight);
      expect(await readyPods(team), `at ${weight} %`).toBe(pods);
      expect((await team.deployment())['status'].readyReplicas, 'of the stable ones').toBe(10);
      if (weight < 60) await team.ask('promote');
    }
    await team.ask('cancel');
    await team.untilClean();
  });

  test('S01: pods that miss the progress deadline are taken back, and tried again with more time they get their share', async ({
    expect,
  }) => {
    const team = await scene.team('patient', ALONE);
    await patch(team, { progressDeadlineSeconds: 3 });
    const weights = await weightsSeen(scene, team);
    const probe = { httpGet: { path: '/ready', port: 'http' }, initialDelaySeconds: 6, periodSeconds: 1 };
    const slow = { ...withContainer({ image: 'app:v2', readinessProbe: probe }) };
    await patch(team, slow);
    const { release } = await team.until(({ release }) => release !== undefined, 60_000);
    const ended = await team.until(status => status.release === release && status.phase === 'serving', 90_000);
    expect(conditionOf(ended, 'Progressing')?.message).toMatch(
      /rolled back \(healthCheck\): .*ProgressDeadlineExceeded/,
    );
    await team.untilClean();
    expect(weights).toEqual([0]);
    await until('the template is back', async () => (await team.template()) === 'v1');
    const quicker = { ...withContainer({ image: 'app:v3', readinessProbe: probe }), progressDeadlineSeconds: 60 };
    await patch(team, quicker);
    await team.until(status => status.release !== release && isFirstStage(status), 90_000);
    await untilRouted(team, 25);
    await team.ask('cancel');
    await team.untilClean();
    await untilRolledOut(scene.cluster, 'patient');
  });
});

describe.concurrent('gateways before the next stage', { timeout: 240_000 }, () => {
  test('S30: one that has not seen a weight keeps the next from being written, and the candidate where it is', async ({
    expect,
  }) => {
    const team = await scene.team('behind', { ...ALONE, wishes: BY_CLOCK });
    await late.join(team);
    await late.ignore(team, 25);
    const weights = await weightsSeen(scene, team);
    await team.change('v2');
    const said = /was not given weight 50 in time: .*late has seen generation \d+ of \d+/;
    await team.until(status => said.test(conditionOf(status, 'Progressing')?.message ?? ''), 90_000);
    expect(weights).toEqual([0, 25]);
    expect((await team.deployment())['spec'].paused, 'the stable pods are those of before').toBe(true);
    await late.ignore(team, 0);
    await until('it gets nothing in the end', () => weights.at(-1) === 0, { withinMs: 90_000 });
    const zeroMs = performance.now();
    expect(weights).toEqual([0, 25, 50, 100, 50, 0]);
    await until('three drains are over', () => performance.now() - zeroMs > 3_000);
    expect(await readyPods(team), 'while a gateway may send to it').toBe(1);
    await late.ignore(team, undefined);
    await team.untilClean();
    expect(await team.template()).toBe('v2');
  });

  test('S30: a rollback that the data plane is not seen to obey keeps the pods until its SLA is over', async ({
    expect,
  }) => {
    const probe = { url: GATEWAY, host: `blind.${scene.cluster.namespace}.example`, json: 'version' };
    const target = { probe: { ...probe, baseline: 'nobody', candidate: 'v2' } };
    const team = await scene.team('blind', { ...ALONE, wishes: { target, rollback: { sla: '10s' } } });
    await team.change('v2');
    await untilRouted(team, 25);
    await team.ask('rollback', 'wrong');
    const pods: number[] = [];
    const isOver = async () => {
      const count = await readyPods(team);
      const { phase } = await team.status();
      if (phase === 'rollingBack') pods.push(count);
      return phase !== 'rollingBack';
    };
    await until('it is over', isOver, { withinMs: 30_000, everyMs: 200 });
    expect([...new Set(pods)], 'while it was not seen to be obeyed').toEqual([1]);
    await team.untilClean();
    await until('the alert', () => scene.server.stderr().includes('RollbackTimeExceeded'));
    const [{ evidence }] = (await auditOf(team)).filter(({ kind }) => kind === 'restored');
    expect(evidence.rollback).toMatchObject({ withinSla: false });
  });
});

describe.concurrent('S20: a source of metrics that never answers', { timeout: 240_000 }, () => {
  /** Takes calls, and answers none. */
  async function silentSource(): Promise<string> {
    const server = createServer(() => undefined);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    scene.room.atEnd(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('holds the stage, and says so', async ({ expect }) => {
    const prometheus = { url: await silentSource(), silentAfter: '2s' };
    const team = await scene.team('mute', { ...ALONE, wishes: { prometheus } });
    await team.change('v2');
    await untilRouted(team, 25);
    const held = await team.until(status => conditionOf(status, 'Degraded')?.reason === 'SourceSilent', 60_000);
    expect(held).toMatchObject({ hold: { reason: 'sourceSilent' }, weight: 25, stage: '1/3' });
    expect(await team.ask('promote'), 'a person may go on').toMatchObject({ result: expect.stringMatching(/^done/) });
    await untilRouted(team, 50);
    await team.ask('cancel');
    await team.untilClean();
  });

  test('ends at the time-out of the stage, where that is asked for', async ({ expect }) => {
    const prometheus = { url: await silentSource(), silentAfter: '2s' };
    const stage = { hold: '1s', timeout: '4s', minSamples: 20, onInconclusive: 'rollback' };
    const team = await scene.team('cut', { ...ALONE, wishes: { prometheus, stage } });
    await team.change('v2');
    await untilRouted(team, 25);
    const { release } = await team.status();
    const ended = await team.until(status => status.release === release && status.phase === 'serving', 60_000);
    expect(conditionOf(ended, 'Progressing')?.message).toMatch(/rolled back \(timeout\)/);
    await team.untilClean();
  });
});
