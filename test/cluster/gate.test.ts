/**
 * The gate on a real API server: what counts as a change of the template, who may let one go, what kubectl says meanwhile,
 * and that everything else about the Deployment goes on.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ACTOR, BREAK_GLASS, COMMAND, GATE_LABEL, HELD, REASON } from '../../src/kubernetes/gate-policy.ts';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import type { Api, PatchType } from './client/api.ts';
import { type KubeObject, pathOf } from './client/objects.ts';
import { openAccount, usernameOf } from './support/accounts.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { installDefinitions } from './support/definitions.ts';
import { installGate } from './support/gate.ts';
import { openHelm } from './support/helm.ts';
import { untilRolledOut, workload } from './support/workloads.ts';

let room: Room;
let cluster: Cluster;
let controller: Api;
let ann: Api;

beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  controller = await openAccount(room, cluster, 'spillway');
  ann = await openAccount(room, cluster, 'ann');
  await installDefinitions(cluster);
  await installGate(room, cluster, 'spillway');
});
afterAll(() => room.end());

const gated = (name: string, version = 'v1', replicas = 2) =>
  workload(cluster.namespace, {
    name,
    version,
    replicas,
    labels: { [GATE_LABEL]: name },
    annotations: { owner: 'shop' },
  });
const pathOfDeployment = (name: string) => `/apis/apps/v1/namespaces/${cluster.namespace}/deployments/${name}`;
const isHeld = ({ metadata, spec }: KubeObject) => spec.paused === true && metadata.annotations?.[HELD] === 'true';
const image = (version: string) => ({
  spec: { template: { spec: { containers: [{ name: 'app', image: `app:${version}` }] } } },
});
const changeOf = (what: string, value: unknown) => ({ metadata: { annotations: { [what]: value } } });
const replicaSets = async (name: string) =>
  (await cluster.list('apps/v1', 'replicasets')).filter(({ spec }) => spec.selector.matchLabels.app === name);

/** The controllers have looked at the newest write: what they do because of it is done. */
const untilObserved = (name: string) =>
  until(`the newest ${name} is observed`, async () => {
    const { metadata, status } = await cluster.get('apps/v1', `deployments/${name}`);
    return status.observedGeneration === (metadata as { generation?: number }).generation;
  });

async function startHeld(name: string): Promise<void> {
  await cluster.apply(...gated(name));
  await untilRolledOut(cluster, name);
  expect(isHeld(await ann.patch(pathOfDeployment(name), 'strategic', image('v2')))).toBe(true);
  await untilObserved(name);
}

async function manifestOf(name: string, change: (deployment: KubeObject) => void = () => undefined): Promise<string> {
  const [deployment] = gated(name);
  change(deployment!);
  const file = join(room.folder(), 'deployment.json');
  writeFileSync(file, JSON.stringify(deployment));
  return file;
}

describe('a write', () => {
  beforeAll(async () => {
    await cluster.apply(...gated('table', 'v1', 0));
  });
  const dryRun = (type: PatchType, body: object, by: Api = ann) =>
    by.patch(`${pathOfDeployment('table')}?dryRun=All`, type, body);
  const template = (change: object) => ({ spec: { template: change } });

  test.each<[string, object]>([
    ['another image', image('v2')],
    [
      'a variable more',
      template({ spec: { containers: [{ name: 'app', env: [{ name: 'GREETING', value: 'hello' }] }] } }),
    ],
    ['other resources', template({ spec: { containers: [{ name: 'app', resources: { limits: { cpu: '1' } } }] } })],
    ['another grace', template({ spec: { terminationGracePeriodSeconds: 6 } })],
    ['a label more', template({ metadata: { labels: { tier: 'web' } } })],
    ['an annotation more', template({ metadata: { annotations: { 'checksum/config': 'abc' } } })],
    ['another value of an annotation', template({ metadata: { annotations: { owner: 'edge' } } })],
    ['an annotation less', template({ metadata: { annotations: { owner: null } } })],
    [
      'a restart stamp and another image',
      template({
        metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } },
        spec: { containers: [{ name: 'app', image: 'app:v2' }] },
      }),
    ],
    ['another image that says it is not paused', { spec: { ...image('v2').spec, paused: false } }],
    ['another image and other replicas', { spec: { ...image('v2').spec, replicas: 3 } }],
    [
      'another image with an empty reason to break the glass',
      { ...image('v2'), metadata: { annotations: { [BREAK_GLASS]: ' ' } } },
    ],
  ])('is held with %s', async (_name, change) => expect(isHeld(await dryRun('strategic', change))).toBe(true));

  test.each<[string, object]>([
    ['nothing new', image('v1')],
    ['other replicas', { spec: { replicas: 3 } }],
    ['another label of its own', { metadata: { labels: { team: 'shop' } } }],
    ['another annotation of its own', { metadata: { annotations: { note: 'x' } } }],
    ['another strategy', { spec: { strategy: { rollingUpdate: { maxSurge: 2 } } } }],
    ['other seconds to be ready', { spec: { minReadySeconds: 1 } }],
    ['a restart stamp', template({ metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } })],
    ['a pause of its own', { spec: { paused: true } }],
    [
      'another image and a reason to break the glass',
      { ...image('v2'), metadata: { annotations: { [BREAK_GLASS]: 'the shop is down' } } },
    ],
    ['another image as it leaves the gate', { ...image('v2'), metadata: { labels: { [GATE_LABEL]: null } } }],
  ])('is let through with %s', async (_name, change) =>
    expect((await dryRun('strategic', change)).metadata.annotations?.[HELD]).toBeUndefined(),
  );

  test('is held however it is made: replaced, applied, patched', async () => {
    const [wanted] = gated('table', 'v2', 0);
    const path = `${pathOfDeployment('table')}?dryRun=All`;
    expect(isHeld(await ann.call('PUT', path, wanted))).toBe(true);
    expect(isHeld(await ann.patch(`${path}&fieldManager=ci&force=true`, 'apply', wanted))).toBe(true);
    const operation = { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'app:v2' };
    expect(isHeld(await ann.patch(path, 'json', [operation]))).toBe(true);
  });

  test('of the controller is not held', async () => {
    const { metadata, spec } = await dryRun('strategic', image('v2'), controller);
    expect([spec.paused, metadata.annotations?.[HELD]]).toEqual([undefined, undefined]);
  });

  test('of a Deployment without the label is not held', async () => {
    const [free] = workload(cluster.namespace, { name: 'free', version: 'v1', replicas: 0 });
    await cluster.apply(free!);
    const written = await ann.patch(`${pathOfDeployment('free')}?dryRun=All`, 'strategic', image('v2'));
    expect(written['spec'].paused).toBeUndefined();
  });
});

describe('a held Deployment', () => {
  let name: string;
  let turn = 0;
  beforeEach(async () => {
    name = `web-${turn++}`;
    await startHeld(name);
  });
  const patch = (change: object, by: Api = ann) => by.patch(pathOfDeployment(name), 'merge', change);
  const read = () => cluster.get('apps/v1', `deployments/${name}`);

  test('runs what it ran: no ReplicaSet appears, and scaling and healing go on', async () => {
    // Below its minimum an autoscaler needs no metrics; it uses the scale subresource, as `kubectl scale` does.
    const autoscaler = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name, namespace: cluster.namespace },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, minReplicas: 3, maxReplicas: 4 },
    };
    await cluster.apply(autoscaler);
    const isScaled = async () => (await read())['status'].readyReplicas === 3;
    await until('the autoscaler has three replicas ready', isScaled, { withinMs: 60_000 });
    const pods = async () =>
      (await cluster.list('v1', 'pods')).filter(({ metadata }) => metadata.labels?.['app'] === name);
    const [first] = await pods();
    await cluster.kubectl('delete', 'pod', first!.metadata.name, '--wait=false');
    await until('another pod has taken its place', async () => {
      const all = await pods();
      return !all.some(({ metadata }) => metadata.uid === first!.metadata.uid) && all.length === 3;
    });
    for (const { spec } of await pods()) expect(spec.containers[0].image).toBe('app:v1');
    expect(await replicaSets(name)).toHaveLength(1);
    expect(isHeld(await read())).toBe(true);
  });

  test.each<[string, object, RegExp]>([
    [
      'resumed',
      { spec: { paused: false } },
      /must stay paused: .*spillway rollback web-\d+ --kube --namespace test-.*--type merge -p/,
    ],
    ['resumed by leaving the field out', { spec: { paused: null } }, /must stay paused/],
    ['relieved of the mark', changeOf(HELD, null), /the annotation spillway\.dev\/held must stay/],
    [
      'taken out of the gate',
      { metadata: { labels: { [GATE_LABEL]: null } } },
      /the label spillway\.dev\/gate must stay/,
    ],
    ['given to another pipeline', { metadata: { labels: { [GATE_LABEL]: 'other' } } }, /the label .* must stay/],
    ['resumed for no reason', { ...changeOf(BREAK_GLASS, '  '), spec: { paused: false } }, /must stay paused/],
  ])('is not to be %s', async (_name, change, why) => {
    await expect(patch(change)).rejects.toThrow(why);
    expect(isHeld(await read())).toBe(true);
  });

  test('may be resumed by the controller, and then rolls out', async () => {
    await patch({ ...changeOf(HELD, null), spec: { paused: false } }, controller);
    await untilRolledOut(cluster, name);
    expect(await replicaSets(name)).toHaveLength(2);
  });

  test('is let go by the command that the refusal gives, once: a reason that was left standing opens nothing', async () => {
    const said = await cluster.kubectl('rollout', 'resume', `deployment/${name}`).catch(error => String(error.stderr));
    const [, change] = /--type merge -p '(.*)'/.exec(said) ?? [];
    await cluster.kubectl(
      'patch',
      'deployment',
      name,
      '--type',
      'merge',
      '-p',
      change!.replace('WHY', 'the shop is down'),
    );
    expect((await read())['spec'].paused).toBeUndefined();

    expect(isHeld(await ann.patch(pathOfDeployment(name), 'strategic', image('v3')))).toBe(true);
    await expect(patch({ spec: { paused: false } })).rejects.toThrow('must stay paused');
    await patch({ ...changeOf(BREAK_GLASS, 'and again'), spec: { paused: false } });
  });

  test('takes further changes, of several writers, and stays held', async () => {
    const env = [{ name: 'GREETING', value: 'hello' }];
    await Promise.all([
      ann.patch(pathOfDeployment(name), 'strategic', image('v3')),
      cluster.api.patch(pathOfDeployment(name), 'strategic', {
        spec: { template: { spec: { containers: [{ name: 'app', env }] } } },
      }),
    ]);
    const found = await read();
    expect(isHeld(found)).toBe(true);
    expect(found['spec'].template.spec.containers[0]).toMatchObject({
      image: 'app:v3',
      env: expect.arrayContaining(env),
    });
    await untilObserved(name);
    expect(await replicaSets(name)).toHaveLength(1);
  });

  test('stays held when the old template is put back, which is the controller’s to resume', async () => {
    await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-f', await manifestOf(name));
    const found = await read();
    expect(isHeld(found)).toBe(true);
    expect(found['spec'].template.spec.containers[0].image).toBe('app:v1');
  });

  test('is not resumed by an apply that does not speak of the pause; one that denies it is refused', async () => {
    const same = await manifestOf(name, ({ spec }) => (spec.template.spec.containers[0].image = 'app:v2'));
    for (let round = 0; round < 2; round++)
      await cluster.kubectl('apply', '--server-side', '--force-conflicts', '--field-manager=git', '-f', same);
    await cluster.kubectl('apply', '-f', same);
    expect(isHeld(await read())).toBe(true);
    const denying = await manifestOf(name, ({ spec }) => {
      spec.template.spec.containers[0].image = 'app:v2';
      spec.paused = false;
    });
    const apply = cluster.kubectl('apply', '--server-side', '--force-conflicts', '-f', denying);
    await expect(apply).rejects.toThrow('must stay paused');
    await expect(cluster.kubectl('replace', '-f', same)).rejects.toThrow('must stay paused');
  });

  test('makes `kubectl rollout status` wait, and `undo` and `restart` are refused by kubectl itself', async () => {
    // kubectl looks at the history before it looks at the pause.
    await patch({ ...changeOf(HELD, null), spec: { paused: false } }, controller);
    await untilRolledOut(cluster, name);
    await ann.patch(pathOfDeployment(name), 'strategic', image('v3'));
    const rollout = (...args: string[]) => cluster.kubectl('rollout', args[0]!, `deployment/${name}`, ...args.slice(1));
    await expect(rollout('status', '--timeout=1s')).rejects.toThrow('timed out waiting');
    await expect(rollout('undo')).rejects.toThrow('you cannot rollback a paused deployment');
    await expect(rollout('restart')).rejects.toThrow("can't restart paused deployment");
    await expect(rollout('resume')).rejects.toThrow('must stay paused');
  });

  test('may be deleted', async () => {
    await ann.call('DELETE', pathOfDeployment(name));
  });
});

test('`kubectl set image` is held, `kubectl rollout restart` and `kubectl scale` go through', async () => {
  await cluster.apply(...gated('tools', 'v1', 1));
  await untilRolledOut(cluster, 'tools');
  await cluster.kubectl('rollout', 'restart', 'deployment/tools');
  await untilRolledOut(cluster, 'tools');
  await cluster.kubectl('scale', 'deployment/tools', '--replicas=2');
  await untilRolledOut(cluster, 'tools');
  await cluster.kubectl('set', 'image', 'deployment/tools', 'app=app:v2');
  expect(isHeld(await cluster.get('apps/v1', 'deployments/tools'))).toBe(true);
});

test('Helm sees no difference: an upgrade is done at once, is held, and stays so in the next one', async () => {
  const { run } = openHelm(cluster);
  const chart = room.folder();
  mkdirSync(join(chart, 'templates'));
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 0.1.0\n');
  const [deployment] = gated('helmed', '{{ .Values.version }}', 1);
  writeFileSync(join(chart, 'templates/deployment.yaml'), JSON.stringify(deployment));
  const upgrade = (version: string, ...flags: string[]) =>
    run('upgrade', '--install', 'shop', chart, '--set', `version=${version}`, '--timeout', '30s', ...flags);
  const read = () => cluster.get('apps/v1', 'deployments/helmed');

  await upgrade('v1', '--wait');
  await untilRolledOut(cluster, 'helmed');
  for (let round = 0; round < 2; round++) {
    await upgrade('v2', '--wait');
    expect(isHeld(await read())).toBe(true);
  }
  expect(await replicaSets('helmed')).toHaveLength(1);
  await expect(upgrade('v2', '--server-side=false', '--force-replace')).rejects.toThrow('must stay paused');
  await run('rollback', 'shop', '1', '--wait', '--timeout', '30s');
  const back = await read();
  expect([isHeld(back), back['spec'].template.spec.containers[0].image]).toEqual([true, 'app:v1']);
});

describe('a command on a pipeline', () => {
  const pipeline = (annotations: Record<string, string>): KubeObject => ({
    apiVersion: 'spillway.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'web', namespace: cluster.namespace, annotations },
    spec: { target: { prompt: { file: 'p.yaml' } } },
  });
  const annotationsOf = ({ metadata }: KubeObject) => metadata.annotations ?? {};
  const command = (by: Api, annotations: Record<string, string | null>) =>
    by.patch(pathOf(pipeline({})), 'merge', { metadata: { annotations } }).then(annotationsOf);
  const admin = 'admin';

  test('names who gave it, whoever else was claimed, and whoever touched it last', async () => {
    const annsName = usernameOf(cluster.namespace, 'ann');
    const collection = pathOf(pipeline({})).replace(/\/web$/, '');
    const made = await ann.call('POST', collection, pipeline({ [COMMAND]: 'promote', [ACTOR]: 'bob' }));
    expect(annotationsOf(made)).toMatchObject({ [ACTOR]: annsName });

    expect(await command(cluster.api, { [COMMAND]: 'pause' })).toMatchObject({ [ACTOR]: admin });
    expect(await command(ann, { [REASON]: 'another one' })).toMatchObject({ [ACTOR]: annsName });
    expect(await command(cluster.api, { [ACTOR]: 'bob' })).toMatchObject({ [ACTOR]: admin });
    expect(await command(ann, { [ACTOR]: null })).toMatchObject({ [ACTOR]: annsName });
    expect(await command(cluster.api, { note: 'x' })).toMatchObject({ [ACTOR]: annsName });
  });

  test('leaves nothing behind when the controller has carried it out', async () => {
    const left = await command(controller, { [COMMAND]: null, [REASON]: null, [ACTOR]: null });
    expect(Object.keys(left).filter(key => key.startsWith('spillway.dev/'))).toEqual([]);
  });
});
