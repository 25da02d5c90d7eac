/**
 * The candidate of a workload on Kubernetes's own controllers, with real pods: made beside the stable ones and apart from them, in
 * the number that its share needs, and found unhealthy as soon as the cluster says so.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Deployment } from '../../src/kubernetes/objects.ts';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import { baseline, counting, holdTemplate, openStand, releaseOf, type Stand } from './support/candidates.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { idle, surroundings, type View, v2, viewOf, web } from './support/surroundings.ts';

let room: Room;
let cluster: Cluster;
let stand: Stand;
let view: View;
beforeEach(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  stand = await openStand(room, cluster);
  view = viewOf(cluster);
});
afterEach(() => room.end());

describe('a candidate', () => {
  test('runs apart from the stable pods, under copies of their rules, and an idle pass makes no call', async () => {
    const from = await baseline(stand, cluster, [...web(cluster, 3), ...surroundings(cluster)]);
    const version = await holdTemplate(stand, cluster, v2);
    const stable = (await view.addressesOf('web')).sort();
    expect(stable).toHaveLength(3);
    let isOver = false;
    const strangers = (async () => {
      while (!isOver) {
        const found = (await view.addressesOf('web')).filter(address => !stable.includes(address));
        if (found.length > 0) return found;
      }
      return [];
    })();

    const release = releaseOf(stand, { version, baseline: from, weight: 50 });
    const { client, calls } = counting(stand.client);
    const workloads = stand.workloads(client);
    await stand.untilReady(release, workloads);
    const pods = await view.podsOf('candidate');
    expect(pods.map(({ spec }) => spec.containers[0].image)).toEqual(['app:v2', 'app:v2']);
    expect((await view.addressesOf('web-candidate')).sort()).toEqual(pods.map(({ status }) => status.podIP).sort());
    for (const { metadata } of pods) expect(metadata.labels).toMatchObject({ app: 'web-candidate' });
    isOver = true;
    expect(await strangers).toEqual([]);

    const [name] = (await view.candidates()).map(({ metadata }) => metadata.name);
    for (const [api, kind] of [
      ['policy/v1', 'poddisruptionbudgets'],
      ['networking.k8s.io/v1', 'networkpolicies'],
    ] as const)
      expect((await cluster.list(api, kind)).map(({ metadata }) => metadata.name)).toEqual(['web', name]);
    expect(await view.minReplicas()).toBe(3);

    await until(
      'the hold is known',
      () => stand.known.autoscalers.get(cluster.namespace, 'web')?.spec.minReplicas === 3,
    );
    calls.splice(0);
    for (let n = 0; n < 5; n++) expect(await workloads.prepare(release)).toMatchObject({ isReady: true });
    expect(calls).toEqual([]);
  });

  // S54 and S06: argo-rollouts#738 left the canary behind when the stable pods were scaled.
  test('follows the number of stable pods and the weight', async () => {
    const from = await baseline(stand, cluster, web(cluster, 5, { container: idle() }));
    const version = await holdTemplate(stand, cluster, { containers: [idle('app:v2')] });
    const workloads = stand.workloads();
    const at = async (weight: number, replicas: number, share: number) => {
      await cluster.kubectl('scale', 'deployment/web', `--replicas=${replicas}`);
      await until(
        'the number is known',
        () => stand.known.deployments.get(cluster.namespace, 'web')?.spec.replicas === replicas,
      );
      await stand.untilReady(releaseOf(stand, { version, baseline: from, weight }), workloads);
      const isThere = async () =>
        (await view.candidates()).map(({ status }) => status?.availableReplicas).join() === `${share}`;
      await until(`${share} pods at ${weight} % of ${replicas}`, isThere, { withinMs: 30_000 });
    };
    await at(20, 5, 1);
    await at(20, 10, 2);
    await at(20, 5, 1);
    await at(50, 4, 2);
    await at(50, 8, 4);
    await at(50, 4, 2);
  });

  const limits = { resources: { limits: { memory: '64Mi' } } };
  test.each<[string, object, RegExp]>([
    ['whose image cannot be pulled', idle('missing/app:v2'), /ErrImagePull|ImagePullBackOff/],
    [
      'that crashes',
      idle('app:v1', ['sh', '-c', 'exit 3']),
      /container app: (CrashLoopBackOff|it was restarted \d times).*exit code 3/,
    ],
    [
      'that needs too much memory',
      { ...idle('app:v1', ['sh', '-c', 'kill -9 $$']), ...limits },
      /container app: OOMKilled/,
    ],
    [
      'whose ConfigMap is missing',
      { ...idle(), envFrom: [{ configMapRef: { name: 'missing' } }] },
      /container app: CreateContainerConfigError/,
    ],
    [
      'that never gets ready',
      { ...idle(), readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 } },
      /ProgressDeadlineExceeded/,
    ],
  ])('%s is unhealthy within seconds', async (_name, container, why) => {
    const [deployment, service] = web(cluster, 2, { container: idle() });
    const spec = { ...deployment!['spec'], progressDeadlineSeconds: 3 };
    const from = await baseline(stand, cluster, [{ ...deployment!, spec }, service!]);
    const version = await holdTemplate(stand, cluster, { containers: [container] });
    const workloads = stand.workloads();
    const release = releaseOf(stand, { version, baseline: from, weight: 10 });
    const isFound = async () => (await workloads.prepare(release)).unhealthy;
    expect(await until('it is unhealthy', isFound, { withinMs: 10_000, everyMs: 50 })).toMatch(why);
  });

  test('that starts slowly is waited for, and never called unhealthy', async () => {
    const from = await baseline(stand, cluster, web(cluster, 1, { container: idle() }));
    const slow = idle('app:v2', ['sh', '-c', 'sleep 2; touch /mark/there; exec sleep 1000']);
    const readinessProbe = { exec: { command: ['test', '-e', '/mark/there'] }, periodSeconds: 1 };
    const container = { ...slow, readinessProbe, volumeMounts: [{ name: 'mark', mountPath: '/mark' }] };
    const volumes = [{ name: 'mark', emptyDir: {} }];
    const version = await holdTemplate(stand, cluster, { containers: [container], volumes });
    const release = releaseOf(stand, { version, baseline: from, weight: 10 });
    const workloads = stand.workloads();
    const said = new Set<string>();
    const blamed: string[] = [];
    const isReady = async () => {
      const { isReady, why, unhealthy } = await workloads.prepare(release);
      said.add(why);
      if (unhealthy !== undefined) blamed.push(unhealthy);
      return isReady;
    };
    await until('it is ready', isReady, { everyMs: 50 });
    expect(blamed).toEqual([]);
    expect([...said].join()).toMatch(/0 of 1 pods of the candidate are available; pod .* is running and not ready/);
  });

  test('that a quota leaves no room for is unhealthy', async () => {
    const from = await baseline(stand, cluster, web(cluster, 2, { container: idle() }));
    const { namespace } = cluster;
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'pods', namespace },
      spec: { hard: { pods: '2' } },
    });
    const isCounted = async () => (await cluster.get('v1', 'resourcequotas/pods'))['status']?.used?.pods === '2';
    await until('the quota is counted', isCounted);
    const version = await holdTemplate(stand, cluster, { containers: [idle('app:v2')] });
    const release = releaseOf(stand, { version, baseline: from, weight: 10 });
    const isFound = async () => (await stand.workloads().prepare(release)).unhealthy;
    expect(await until('it is unhealthy', isFound, { everyMs: 50 })).toMatch(
      /cannot make its pods.*exceeded quota: pods/,
    );
  });

  test('that fails its health check is unhealthy, but not when the baseline fails too', async () => {
    const from = await baseline(stand, cluster, web(cluster, 1));
    const version = await holdTemplate(stand, cluster, v2);
    const release = releaseOf(stand, { version, baseline: from, weight: 10 });
    const check = { url: 'http://{pod}:8080/alive', intervalMs: 50, timeoutMs: 1_000, failures: 2 };
    release.plan.rollback.healthCheck = check;
    const workloads = stand.workloads();
    await stand.untilReady(release, workloads);
    const become = async (service: string, what: string) => {
      for (const address of await view.addressesOf(service))
        await fetch(`http://${address}:8080/become/${what}`, { method: 'POST' });
    };
    for (const service of ['web', 'web-candidate']) await become(service, 'ailing');
    const isAlarm = async () => /the baseline fails too/.test((await workloads.prepare(release)).why);
    await until('there is an alarm', isAlarm, { everyMs: 50 });
    expect(await workloads.prepare(release)).not.toHaveProperty('unhealthy');
    await become('web', 'ready');
    const isFound = async () => (await workloads.prepare(release)).unhealthy;
    expect(await until('it is unhealthy', isFound, { everyMs: 50 })).toMatch(/of the candidate failed \d+ times.*503/);
  });

  // Server-side apply refuses such a template, and Deployments that were made without it have them.
  test('may name a variable twice, as its Deployment does', async () => {
    const env = ['a', 'b'].map(value => ({ name: 'TWICE', value }));
    const [deployment, service] = web(cluster, 1, { container: { ...idle(), env } });
    await expect(cluster.apply(deployment!)).rejects.toThrow('duplicate entries');
    await cluster.api.call('POST', `/apis/apps/v1/namespaces/${cluster.namespace}/deployments`, deployment);
    const from = await baseline(stand, cluster, [service!]);
    const version = await holdTemplate(stand, cluster, { containers: [{ name: 'app', image: 'app:v2' }] });
    await stand.untilReady(releaseOf(stand, { version, baseline: from, weight: 10 }));
    await stand.untilReady(releaseOf(stand, { version, baseline: from, weight: 20, id: 'rel_2' }));
    expect((await view.candidates())[0]!.spec.template.spec.containers[0]).toMatchObject({ env });
  });

  test('is made right again after somebody has changed it', async () => {
    const from = await baseline(stand, cluster, web(cluster, 2, { container: idle() }));
    const version = await holdTemplate(stand, cluster, { containers: [idle('app:v2')] });
    const release = releaseOf(stand, { version, baseline: from, weight: 50 });
    await stand.untilReady(release);
    const [{ metadata }] = (await view.candidates()) as [Deployment];
    await cluster.kubectl('scale', `deployment/${metadata.name}`, '--replicas=3');
    await cluster.kubectl('patch', 'service/web-candidate', '-p', '{"spec":{"ports":[{"name":"theirs","port":81}]}}');
    const isRight = async () => {
      await stand.workloads().prepare(release);
      const [{ spec }] = (await view.candidates()) as [Deployment];
      const { ports } = (await cluster.get('v1', 'services/web-candidate'))['spec'];
      return spec.replicas === 1 && ports.length === 1 && ports[0].port === 80;
    };
    await until('it is as it should be', isRight, { everyMs: 100 });
  });

  test('is left as an admission policy makes it, and is not written again and again', async () => {
    const { namespace, api } = cluster;
    const group = 'admissionregistration.k8s.io/v1';
    const rule = {
      apiGroups: ['apps'],
      apiVersions: ['v1'],
      resources: ['deployments'],
      operations: ['CREATE', 'UPDATE'],
    };
    const objectSelector = { matchLabels: { 'spillway.dev/pipeline': 'web' } };
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
    const expression = 'Object{spec: Object.spec{progressDeadlineSeconds: 77}}';
    const spec = {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      matchConstraints: { objectSelector, namespaceSelector, resourceRules: [rule] },
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    };
    const metadata = { name: namespace };
    await cluster.apply(
      { apiVersion: group, kind: 'MutatingAdmissionPolicy', metadata, spec },
      { apiVersion: group, kind: 'MutatingAdmissionPolicyBinding', metadata, spec: { policyName: namespace } },
    );
    for (const resource of ['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'])
      room.atEnd(() => api.call('DELETE', `/apis/${group}/${resource}/${namespace}`));
    const [like] = web(cluster, 1, { name: 'like', labels: { 'spillway.dev/pipeline': 'web' } });
    await until('the policy is in force', async () => {
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`;
      return (await api.call('POST', path, like))['spec'].progressDeadlineSeconds === 77;
    });

    const from = await baseline(stand, cluster, web(cluster, 1, { container: idle() }));
    const version = await holdTemplate(stand, cluster, { containers: [idle('app:v2')] });
    const release = releaseOf(stand, { version, baseline: from, weight: 10 });
    const { client, calls } = counting(stand.client);
    const workloads = stand.workloads(client);
    await stand.untilReady(release, workloads);
    calls.splice(0);
    for (let n = 0; n < 5; n++) expect(await workloads.prepare(release)).toMatchObject({ isReady: true });
    expect(calls.length).toBeLessThanOrEqual(1);
    expect((await view.candidates())[0]!.spec.progressDeadlineSeconds).toBe(77);
  });

  test('is refused where its names are taken by something that is not ours', async () => {
    const from = await baseline(stand, cluster, web(cluster, 1, { container: idle() }));
    const [, service] = web(cluster, 1);
    await cluster.apply({
      ...service!,
      metadata: { ...service!.metadata, name: 'web-candidate' },
      spec: { ...service!['spec'], selector: { app: 'x' } },
    });
    const version = await holdTemplate(stand, cluster, { containers: [idle('app:v2')] });
    const finding = await stand.workloads().prepare(releaseOf(stand, { version, baseline: from, weight: 10 }));
    expect(finding).toEqual({
      isReady: false,
      isDown: true,
      why: expect.stringMatching(
        /^Service .*\/web-candidate is there and is not made by Spillway.*rename or delete it$/,
      ),
    });
    expect((await cluster.get('v1', 'services/web-candidate'))['spec'].selector).toEqual({ app: 'x' });
  });

  test('takes the place of the one before it only when the route gives that one nothing', async () => {
    const from = await baseline(stand, cluster, web(cluster, 1, { container: idle() }));
    const workloads = stand.workloads();
    const second = await holdTemplate(stand, cluster, { containers: [idle('app:v2')] });
    await stand.untilReady(releaseOf(stand, { version: second, baseline: from, weight: 10 }), workloads);
    const third = await holdTemplate(stand, cluster, { containers: [idle('app:v3')] });
    const release = releaseOf(stand, { id: 'rel_2', version: third, baseline: from, weight: 10 });
    const selected = async () =>
      (await cluster.get('v1', 'services/web-candidate'))['spec'].selector['spillway.dev/candidate'];

    stand.clearance = { isClear: false, why: 'weight 10 in HTTPRoute web' };
    expect(await workloads.prepare(release)).toMatchObject({
      isReady: false,
      why: expect.stringContaining('weight 10 in'),
    });
    expect(await selected()).toBe(second.slice(7, 17));
    stand.clearance = { isClear: true, sinceMs: performance.now(), why: 'weight 0' };
    await stand.untilReady(release, workloads);
    expect(await selected()).toBe(third.slice(7, 17));
    const isAlone = async () => {
      await workloads.prepare(release);
      return (await view.candidates()).length === 1;
    };
    await until('the one before is gone', isAlone, { everyMs: 100 });
    expect((await view.candidates())[0]!.metadata.name).toContain(third.slice(7, 17));
  });
});
