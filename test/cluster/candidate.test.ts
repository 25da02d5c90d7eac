/**
 * The candidate of a workload on Kubernetes's own controllers, with real pods: made beside the stable ones and apart from them,
 * promoted by letting the user's Deployment go, taken back, and swept away until the namespace is as it was.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Deployment, EndpointSlice, HorizontalPodAutoscaler } from '../../src/kubernetes/objects.ts';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import type { KubeObject } from './client/objects.ts';
import {
  ARTIFACT,
  baseline,
  counting,
  dyingAfterOneWrite,
  holdTemplate,
  openStand,
  releaseOf,
  type Stand,
} from './support/candidates.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { appContainer, untilRolledOut, workload } from './support/workloads.ts';

let room: Room;
let cluster: Cluster;
let stand: Stand;
beforeEach(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  stand = await openStand(room, cluster);
});
afterEach(() => room.end());

const web = (replicas: number, more = {}) =>
  workload(cluster.namespace, { name: 'web', version: 'v1', replicas, ...more });
const v2 = { containers: [appContainer('v2')] };
/** A process that does nothing, so that many pods cost little. */
const idle = (command = ['sleep', '1000']) => ({
  name: 'app',
  image: 'app:v1',
  command,
  readinessProbe: null,
  env: [],
});

/** Everything around a workload that a candidate has to do without, or to have copied. */
function surroundings(): KubeObject[] {
  const metadata = { name: 'web', namespace: cluster.namespace };
  const podSelector = { matchLabels: { app: 'web' } };
  const hpa = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    minReplicas: 2,
    maxReplicas: 9,
  };
  return [
    { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata, spec: hpa },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { maxUnavailable: 1, selector: podSelector },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: { podSelector, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 8080 }] }] },
    },
  ];
}

const hpa = async () =>
  (await cluster.get('autoscaling/v2', 'horizontalpodautoscalers/web')) as unknown as HorizontalPodAutoscaler;
const candidates = async () =>
  (await cluster.list('apps/v1', 'deployments')).filter(
    ({ metadata }) => metadata.name !== 'web',
  ) as unknown as Deployment[];

async function addressesOf(service: string): Promise<string[]> {
  const slices = (await cluster.list('discovery.k8s.io/v1', 'endpointslices')) as unknown as EndpointSlice[];
  return slices
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
    .flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
}

const podsOf = async (key: 'candidate' | 'stable') =>
  (await cluster.list('v1', 'pods')).filter(
    ({ metadata }) => (metadata.labels?.['spillway.dev/candidate'] !== undefined) === (key === 'candidate'),
  );

/** What a user finds in the namespace, less what the Deployment controller makes of the user's own. */
async function inventory(): Promise<string[]> {
  const kinds = [
    ['apps/v1', 'deployments'],
    ['v1', 'services'],
    ['v1', 'configmaps'],
    ['v1', 'secrets'],
    ['v1', 'serviceaccounts'],
    ['discovery.k8s.io/v1', 'endpointslices'],
    ['autoscaling/v2', 'horizontalpodautoscalers'],
    ['policy/v1', 'poddisruptionbudgets'],
    ['networking.k8s.io/v1', 'networkpolicies'],
  ] as const;
  const found = await Promise.all(
    kinds.map(async ([api, kind]) =>
      (await cluster.list(api, kind)).map(({ metadata }) => {
        const {
          name,
          uid,
          labels,
          annotations,
          managedFields = [],
        } = metadata as typeof metadata & {
          managedFields?: { manager: string }[];
        };
        const {
          'deployment.kubernetes.io/revision': _,
          'endpoints.kubernetes.io/last-change-trigger-time': __,
          ...kept
        } = annotations ?? {};
        const managers = kind === 'horizontalpodautoscalers' ? managedFields.map(({ manager }) => manager).sort() : [];
        return JSON.stringify([kind, name, uid, labels, kept, managers]);
      }),
    ),
  );
  return found.flat().sort();
}

async function untilReady(release: Parameters<ReturnType<Stand['workloads']>['prepare']>[0], of = stand.workloads()) {
  let last: unknown;
  const isReady = async () => {
    const finding = await of.prepare(release);
    last = finding;
    return finding.isReady && finding;
  };
  return until('the candidate is ready', isReady, { withinMs: 60_000, everyMs: 100, instead: () => last });
}

async function untilClean(order: Parameters<Stand['sweep']>[0]): Promise<void> {
  let last: unknown;
  const isClean = async () => {
    const swept = await stand.sweep(order);
    last = swept;
    return swept.isClean;
  };
  await until('nothing is left', isClean, { withinMs: 60_000, everyMs: 100, instead: () => last });
}

describe('a candidate', () => {
  test('runs apart from the stable pods, under copies of their rules, and an idle pass makes no call', async () => {
    const from = await baseline(stand, cluster, [...web(3), ...surroundings()]);
    const version = await holdTemplate(stand, cluster, v2);
    const stable = (await addressesOf('web')).sort();
    expect(stable).toHaveLength(3);
    let isOver = false;
    const strangers = (async () => {
      while (!isOver) {
        const found = (await addressesOf('web')).filter(address => !stable.includes(address));
        if (found.length > 0) return found;
      }
      return [];
    })();

    const release = releaseOf(stand, { version, baseline: from, weight: 50 });
    const { client, calls } = counting(stand.client);
    const workloads = stand.workloads(client);
    await untilReady(release, workloads);
    const pods = await podsOf('candidate');
    expect(pods.map(({ spec }) => spec.containers[0].image)).toEqual(['app:v2', 'app:v2']);
    expect((await addressesOf('web-candidate')).sort()).toEqual(pods.map(({ status }) => status.podIP).sort());
    for (const { metadata } of pods) expect(metadata.labels).toMatchObject({ app: 'web-candidate' });
    isOver = true;
    expect(await strangers).toEqual([]);

    const [name] = (await candidates()).map(({ metadata }) => metadata.name);
    for (const [api, kind] of [
      ['policy/v1', 'poddisruptionbudgets'],
      ['networking.k8s.io/v1', 'networkpolicies'],
    ] as const)
      expect((await cluster.list(api, kind)).map(({ metadata }) => metadata.name)).toEqual(['web', name]);
    expect((await hpa()).spec.minReplicas).toBe(3);

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
    const from = await baseline(stand, cluster, web(5, { container: idle() }));
    const version = await holdTemplate(stand, cluster, { containers: [{ ...idle(), image: 'app:v2' }] });
    const workloads = stand.workloads();
    const at = async (weight: number, replicas: number, share: number) => {
      await cluster.kubectl('scale', 'deployment/web', `--replicas=${replicas}`);
      await until(
        'the number is known',
        () => stand.known.deployments.get(cluster.namespace, 'web')?.spec.replicas === replicas,
      );
      await untilReady(releaseOf(stand, { version, baseline: from, weight }), workloads);
      const isThere = async () =>
        (await candidates()).map(({ status }) => status?.availableReplicas).join() === `${share}`;
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
    ['whose image cannot be pulled', { ...idle(), image: 'missing/app:v2' }, /ErrImagePull|ImagePullBackOff/],
    [
      'that crashes',
      idle(['sh', '-c', 'exit 3']),
      /container app: (CrashLoopBackOff|it was restarted \d times).*exit code 3/,
    ],
    ['that needs too much memory', { ...idle(['sh', '-c', 'kill -9 $$']), ...limits }, /container app: OOMKilled/],
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
    const [deployment, service] = web(2, { container: idle() });
    const spec = { ...deployment!['spec'], progressDeadlineSeconds: 3 };
    const from = await baseline(stand, cluster, [{ ...deployment!, spec }, service!]);
    const version = await holdTemplate(stand, cluster, { containers: [container] });
    const workloads = stand.workloads();
    const release = releaseOf(stand, { version, baseline: from, weight: 10 });
    expect(await workloads.prepare(release)).not.toHaveProperty('unhealthy');
    const isFound = async () => (await workloads.prepare(release)).unhealthy;
    expect(await until('it is unhealthy', isFound, { withinMs: 10_000, everyMs: 50 })).toMatch(why);
  });

  test('that a quota leaves no room for is unhealthy', async () => {
    const from = await baseline(stand, cluster, web(2, { container: idle() }));
    const { namespace } = cluster;
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'pods', namespace },
      spec: { hard: { pods: '2' } },
    });
    const isCounted = async () => (await cluster.get('v1', 'resourcequotas/pods'))['status']?.used?.pods === '2';
    await until('the quota is counted', isCounted);
    const version = await holdTemplate(stand, cluster, { containers: [{ ...idle(), image: 'app:v2' }] });
    const release = releaseOf(stand, { version, baseline: from, weight: 10 });
    const isFound = async () => (await stand.workloads().prepare(release)).unhealthy;
    expect(await until('it is unhealthy', isFound, { everyMs: 50 })).toMatch(
      /cannot make its pods.*exceeded quota: pods/,
    );
  });

  test('that fails its health check is unhealthy, but not when the baseline fails too', async () => {
    const from = await baseline(stand, cluster, web(1));
    const version = await holdTemplate(stand, cluster, v2);
    const release = releaseOf(stand, { version, baseline: from, weight: 10 });
    const check = { url: 'http://{pod}:8080/alive', intervalMs: 50, timeoutMs: 1_000, failures: 2 };
    release.plan.rollback.healthCheck = check;
    const workloads = stand.workloads();
    await untilReady(release, workloads);
    const become = async (service: string, what: string) => {
      for (const address of await addressesOf(service))
        await fetch(`http://${address}:8080/become/${what}`, { method: 'POST' });
    };
    for (const service of ['web', 'web-candidate']) await become(service, 'failing');
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
    const [deployment, service] = web(1, { container: { ...idle(), env } });
    await expect(cluster.apply(deployment!)).rejects.toThrow('duplicate entries');
    await cluster.api.call('POST', `/apis/apps/v1/namespaces/${cluster.namespace}/deployments`, deployment);
    const from = await baseline(stand, cluster, [service!]);
    const version = await holdTemplate(stand, cluster, { containers: [{ name: 'app', image: 'app:v2' }] });
    await untilReady(releaseOf(stand, { version, baseline: from, weight: 10 }));
    await untilReady(releaseOf(stand, { version, baseline: from, weight: 20, id: 'rel_2' }));
    expect((await candidates())[0]!.spec.template.spec.containers[0]).toMatchObject({ env });
  });

  test('is made right again after somebody has changed it', async () => {
    const from = await baseline(stand, cluster, web(2, { container: idle() }));
    const version = await holdTemplate(stand, cluster, { containers: [{ ...idle(), image: 'app:v2' }] });
    const release = releaseOf(stand, { version, baseline: from, weight: 50 });
    await untilReady(release);
    const [{ metadata }] = (await candidates()) as [Deployment];
    await cluster.kubectl('scale', `deployment/${metadata.name}`, '--replicas=3');
    await cluster.kubectl('patch', 'service/web-candidate', '-p', '{"spec":{"ports":[{"name":"theirs","port":81}]}}');
    const isRight = async () => {
      await stand.workloads().prepare(release);
      const [{ spec }] = (await candidates()) as [Deployment];
      const { ports } = (await cluster.get('v1', 'services/web-candidate'))['spec'];
      return spec.replicas === 1 && ports.length === 1 && ports[0].port === 80;
    };
    await until('it is as it should be', isRight, { everyMs: 100 });
  });

  test('is refused where its names are taken by something that is not ours', async () => {
    const from = await baseline(stand, cluster, web(1, { container: idle() }));
    const [, service] = web(1);
    await cluster.apply({
      ...service!,
      metadata: { ...service!.metadata, name: 'web-candidate' },
      spec: { ...service!['spec'], selector: { app: 'x' } },
    });
    const version = await holdTemplate(stand, cluster, { containers: [{ ...idle(), image: 'app:v2' }] });
    const finding = await stand.workloads().prepare(releaseOf(stand, { version, baseline: from, weight: 10 }));
    expect(finding).toEqual({
      isReady: false,
      why: expect.stringMatching(
        /^Service .*\/web-candidate is there and is not made by Spillway.*rename or delete it$/,
      ),
    });
    expect((await cluster.get('v1', 'services/web-candidate'))['spec'].selector).toEqual({ app: 'x' });
  });

  test('takes the place of the one before it only when the route gives that one nothing', async () => {
    const from = await baseline(stand, cluster, web(1, { container: idle() }));
    const workloads = stand.workloads();
    const second = await holdTemplate(stand, cluster, { containers: [{ ...idle(), image: 'app:v2' }] });
    await untilReady(releaseOf(stand, { version: second, baseline: from, weight: 10 }), workloads);
    const third = await holdTemplate(stand, cluster, { containers: [{ ...idle(), image: 'app:v3' }] });
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
    await untilReady(release, workloads);
    expect(await selected()).toBe(third.slice(7, 17));
    const isAlone = async () => {
      await workloads.prepare(release);
      return (await candidates()).length === 1;
    };
    await until('the one before is gone', isAlone, { everyMs: 100 });
    expect((await candidates())[0]!.metadata.name).toContain(third.slice(7, 17));
  });
});

describe('a promotion', () => {
  test('rolls the held Deployment without unavailability, and the sweep leaves nothing', async () => {
    const from = await baseline(stand, cluster, [...web(3), ...surroundings()]);
    const before = await inventory();
    const version = await holdTemplate(stand, cluster, v2);
    const release = releaseOf(stand, { version, baseline: from, weight: 100 });
    const workloads = stand.workloads();
    await untilReady(release, workloads);

    let fewest = 3;
    const isPromoted = async () => {
      const { isReady } = await workloads.promote({ ...release, phase: 'promoting' });
      const own = await stand.own();
      fewest = Math.min(fewest, own.status?.availableReplicas ?? 0);
      return isReady && own;
    };
    const own = await until('the Deployment has taken over', isPromoted, { withinMs: 60_000, everyMs: 50 });
    expect(fewest).toBe(3);
    expect(own.spec.paused).toBeUndefined();
    expect((await podsOf('stable')).map(({ spec }) => spec.containers[0].image)).toEqual(Array(3).fill('app:v2'));
    expect((await hpa()).spec.minReplicas).toBe(3);

    await untilClean({ baseline: version });
    expect(await inventory()).toEqual(before);
    expect((await hpa()).spec.minReplicas).toBe(2);
    expect(await podsOf('candidate')).toEqual([]);
    // Who applied the bound may change it without a conflict: nobody else owns it.
    const changed = { ...surroundings()[0]!, spec: { ...surroundings()[0]!['spec'], minReplicas: 3 } };
    const path = `/apis/autoscaling/v2/namespaces/${cluster.namespace}/horizontalpodautoscalers/web`;
    await cluster.api.patch(`${path}?fieldManager=cluster`, 'apply', changed);
    const { calls, client } = counting(stand.client);
    await stand.sweep({ baseline: version }, client);
    expect(calls).toEqual([]);
  });

  test('that is overtaken by a newer template puts its own back, unless a tool would write the newer one again', async () => {
    const from = await baseline(stand, cluster, web(1, { container: idle() }));
    const version = await holdTemplate(stand, cluster, { containers: [{ ...idle(), image: 'app:v2' }] });
    await holdTemplate(stand, cluster, { containers: [{ ...idle(), image: 'app:v3' }] });
    const release = releaseOf(stand, { version, baseline: from, weight: 100, phase: 'promoting' });

    await cluster.kubectl('annotate', 'deployment/web', 'argocd.argoproj.io/tracking-id=shop');
    await until(
      'the owner is known',
      () =>
        stand.known.deployments.get(cluster.namespace, 'web')?.metadata.annotations?.['argocd.argoproj.io/tracking-id'],
    );
    expect(await stand.workloads().promote(release)).toEqual({
      isReady: false,
      why: expect.stringContaining('Argo CD owns'),
    });
    expect((await stand.own()).spec.template.spec.containers[0]!.image).toBe('app:v3');

    await cluster.kubectl('annotate', 'deployment/web', 'argocd.argoproj.io/tracking-id-');
    await until('nobody owns it', async () => {
      await stand.workloads().promote(release);
      return (await stand.own()).spec.template.spec.containers[0]!.image === 'app:v2';
    });
    await until('it is promoted', async () => (await stand.workloads().promote(release)).isReady, { everyMs: 100 });
  });

  test('is taken back: the old template is put there, and its pods come', async () => {
    const from = await baseline(stand, cluster, web(2));
    const old = await stand.own();
    const version = await holdTemplate(stand, cluster, v2);
    const release = releaseOf(stand, { version, baseline: from, weight: 100, phase: 'promoting' });
    const isRolling = async () => {
      await stand.workloads().promote(release);
      return ((await stand.own()).status?.updatedReplicas ?? 0) > 0;
    };
    await until('some pods are new', isRolling, { everyMs: 50 });
    const back = { ...release, phase: 'rollingBack' as const, weight: 0 };
    const isBack = async () => (await stand.workloads().reverse(back)).isReady;
    await until('it runs the old version again', isBack, { withinMs: 60_000, everyMs: 100 });
    const own = await stand.own();
    expect(own.spec.template).toEqual(old.spec.template);
    expect(own.metadata.annotations).not.toHaveProperty(['spillway.dev/held']);
    expect((await podsOf('stable')).map(({ spec }) => spec.containers[0].image)).toEqual(['app:v1', 'app:v1']);
  });
});

describe('the sweep', () => {
  test('waits for the route and for the drain, then turns the Deployment back to what serves, and starts no pod', async () => {
    const from = await baseline(stand, cluster, [...web(2), ...surroundings()]);
    const before = await inventory();
    const uids = (await podsOf('stable')).map(({ metadata }) => metadata.uid).sort();
    const version = await holdTemplate(stand, cluster, v2);
    await untilReady(releaseOf(stand, { version, baseline: from, weight: 10 }));
    const order = { baseline: from, ended: version };

    stand.clearance = { isClear: false, why: 'weight 10 in HTTPRoute web' };
    expect(await stand.sweep(order)).toEqual({ isClean: false, why: expect.stringContaining('weight 10') });
    stand.clearance = { isClear: true, sinceMs: performance.now() + 60_000, why: 'weight 0' };
    expect(await stand.sweep(order)).toEqual({ isClean: false, why: expect.stringContaining('are let finish') });
    expect(await candidates()).toHaveLength(1);

    stand.clearance = { isClear: true, sinceMs: 0, why: 'weight 0' };
    await untilClean(order);
    expect(await inventory()).toEqual(before);
    expect((await hpa()).spec.minReplicas).toBe(2);
    await untilRolledOut(cluster, 'web');
    expect((await podsOf('stable')).map(({ metadata }) => metadata.uid).sort()).toEqual(uids);
  });

  test('leaves a template held that is not the one which ended, and one that Flux owns', async () => {
    const from = await baseline(stand, cluster, web(1, { container: idle() }));
    const version = await holdTemplate(stand, cluster, { containers: [{ ...idle(), image: 'app:v2' }] });
    expect(await stand.sweep({ baseline: from, ended: 'sha256:other' })).toEqual({
      isClean: true,
      why: expect.stringContaining('held for the release of a new template'),
    });
    await cluster.kubectl('label', 'deployment/web', 'kustomize.toolkit.fluxcd.io/name=shop');
    await until(
      'the owner is known',
      () =>
        stand.known.deployments.get(cluster.namespace, 'web')?.metadata.labels?.['kustomize.toolkit.fluxcd.io/name'],
    );
    expect(await stand.sweep({ baseline: from, ended: version })).toEqual({
      isClean: true,
      why: expect.stringContaining('stays held'),
    });
    expect((await stand.own()).spec.paused).toBe(true);
  });

  test('pauses the Deployment again where that is the gate', async () => {
    const from = await baseline(stand, cluster, web(1, { container: idle() }));
    await untilClean({ baseline: from, gate: 'paused' });
    expect((await stand.own()).spec.paused).toBe(true);
  });
});

test('a process that is killed after every single write still gets a release to its end, and leaves nothing', async () => {
  const from = await baseline(stand, cluster, [...web(3), ...surroundings()]);
  const before = await inventory();
  const version = await holdTemplate(stand, cluster, v2);
  const release = releaseOf(stand, { version, baseline: from, weight: 50 });
  const mortal = () => dyingAfterOneWrite(stand.client);
  let last: unknown;
  const through = async <T extends object>(what: string, step: () => Promise<T>, isThere: (found: T) => boolean) => {
    const look = async () => {
      const found = await step();
      last = found;
      return isThere(found);
    };
    await until(what, look, { withinMs: 60_000, everyMs: 50, instead: () => last });
  };
  await through(
    'prepared',
    () => stand.workloads(mortal()).prepare(release),
    ({ isReady }) => isReady,
  );
  expect((await hpa()).spec.minReplicas).toBe(3);
  await through(
    'promoted',
    () => stand.workloads(mortal()).promote(release),
    ({ isReady }) => isReady,
  );
  await through(
    'swept',
    () => stand.sweep({ baseline: version }, mortal()),
    ({ isClean }) => isClean,
  );
  expect(await inventory()).toEqual(before);
  expect((await hpa()).spec.minReplicas).toBe(2);
  expect(await stand.store.getVersion(ARTIFACT, version)).toBeDefined();
});
