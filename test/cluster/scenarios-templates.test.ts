/**
 * What happens when a template changes, changes again, or is set back while a release is under way, and what of the route that
 * is not ours stays as it is. Numbers are those of the scenarios that other tools test.
 */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { until } from '../support/until.ts';
import type { KubeObject } from './client/objects.ts';
import { conditionOf } from './support/pipelines.ts';
import { openScene, type Scene, type Team, untilRouted, weightsSeen } from './support/scene.ts';
import { route, untilRolledOut } from './support/workloads.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
}, 90_000);
afterAll(() => scene?.room.end());

const ALONE = { replicas: 1 };
const isFirstStage = ({ stage }: { stage?: string }) => stage === '1/3';
const releasesOf = async (team: Team) =>
  (await scene.cluster.list('spillway.dev/v1alpha1', 'releases')).filter(({ spec }) => spec.pipeline === team.name);

async function inFirstStage(team: Team, version: string): Promise<void> {
  await team.change(version);
  await team.until(isFirstStage, 90_000);
  await untilRouted(team, 25);
}

describe.concurrent('a template that changes', { timeout: 240_000 }, () => {
  test('S05, S51: a newer one in mid-release begins at the first stage, and nothing of the older one is left', async ({
    expect,
  }) => {
    const team = await scene.team('newer', ALONE);
    await inFirstStage(team, 'v2');
    await team.ask('promote');
    await untilRouted(team, 50);
    const { candidate } = await team.status();
    const weights = await weightsSeen(scene, team);
    await team.change('v3');
    const status = await team.until(
      now => now.candidate && now.candidate.digest !== candidate.digest && isFirstStage(now),
    );
    await untilRouted(team, 25);
    await until('the watch has it too', () => weights.includes(25));
    expect(weights.slice(0, 3), 'from 50 over 0 to the first stage').toEqual([50, 0, 25]);
    await until(
      'the candidate of v2 is gone',
      async () => !(await team.leftovers()).some(name => name.includes(candidate.name)),
      { withinMs: 40_000 },
    );
    await until(
      'both records say so',
      async () =>
        (await releasesOf(team))
          .map(({ status }) => status?.['phase'])
          .sort()
          .join() === 'rollingOut,superseded',
    );
    expect(status.candidate.digest).not.toBe(candidate.digest);
    await team.ask('cancel');
    await team.untilClean();
  });

  test('S14: template and replicas in one write are one release, with the new number', async ({ expect }) => {
    const team = await scene.team('both', { replicas: 2 });
    const { namespace, api } = scene.cluster;
    await api.patch(`/apis/apps/v1/namespaces/${namespace}/deployments/both`, 'strategic', {
      spec: { replicas: 4, template: { spec: { containers: [{ name: 'app', image: 'app:v2' }] } } },
    });
    await team.until(isFirstStage, 90_000);
    await team.ask('promote');
    await untilRouted(team, 50);
    const candidate = (await team.leftovers()).find(name => name.startsWith('deployments/'))!;
    await until('half of four', async () => (await scene.cluster.get('apps/v1', candidate))['spec'].replicas === 2);
    expect(await releasesOf(team)).toHaveLength(1);
    expect((await team.deployment())['status'].replicas).toBe(4);
    await team.ask('cancel');
    await team.untilClean();
    expect((await team.deployment())['spec'].replicas).toBe(4);
  });

  test('S18: without evidence the weight stays, and the hold says why', async ({ expect }) => {
    const team = await scene.team('thin', {
      ...ALONE,
      wishes: { stage: { hold: '0s', timeout: '1s', minSamples: 20, onInconclusive: 'hold' } },
    });
    await inFirstStage(team, 'v2');
    const { hold } = await team.until(({ hold }) => ['notEnoughData', 'sourceSilent'].includes(hold?.reason));
    expect(hold.since).toBeDefined();
    expect(await team.status()).toMatchObject({ phase: 'rollingOut', weight: 25, stage: '1/3' });
    await team.ask('cancel');
  });

  test('S21, S42: asking for a rollback of nothing, and applying what serves again, change nothing', async ({
    expect,
  }) => {
    const team = await scene.team('same', ALONE);
    const before = await team.deployment();
    expect(await team.ask('rollback')).toMatchObject({ result: 'refused: no release is active' });
    await scene.cluster.kubectl('rollout', 'restart', 'deployment/same');
    await team.change('v1');
    await untilRolledOut(scene.cluster, 'same');
    expect(await releasesOf(team)).toEqual([]);
    expect(await team.status()).toMatchObject({ phase: 'serving' });
    expect((await team.deployment())['spec'].paused).toBeUndefined();
    expect(before['spec'].paused).toBeUndefined();
  });

  test('S22: the weight stays 0 until a pod of the candidate is ready', async ({ expect }) => {
    const team = await scene.team('slow', ALONE);
    const weights = await weightsSeen(scene, team);
    const readinessProbe = { httpGet: { path: '/ready', port: 'http' }, initialDelaySeconds: 6, periodSeconds: 1 };
    const { namespace, api } = scene.cluster;
    await api.patch(`/apis/apps/v1/namespaces/${namespace}/deployments/slow`, 'strategic', {
      spec: { template: { spec: { containers: [{ name: 'app', image: 'app:v2', readinessProbe }] } } },
    });
    const candidate = await until('its pod is there', async () =>
      (await team.leftovers()).find(name => name.startsWith('pods/')),
    );
    const isReady = ({ status }: KubeObject) =>
      status?.['conditions']?.some(
        (one: { type: string; status: string }) => one.type === 'Ready' && one.status === 'True',
      );
    const seen = await until(
      'it is ready, or it has weight',
      async () => {
        const pod = await scene.cluster.get('v1', candidate);
        const given = weights.at(-1)!;
        return (isReady(pod) || given > 0) && { isReady: isReady(pod), given };
      },
      { withinMs: 40_000, everyMs: 20 },
    );
    expect(seen).toMatchObject({ isReady: true });
    await untilRouted(team, 25);
    await team.ask('cancel');
  });

  test('S50: set back in mid-release, nothing is left of it and the Deployment rolls freely', async ({ expect }) => {
    const team = await scene.team('reverted', ALONE);
    await inFirstStage(team, 'v2');
    await team.change('v1');
    await team.until(({ phase }) => phase === 'serving');
    await team.untilClean();
    await until('it is let go', async () => (await team.deployment())['spec'].paused === undefined);
    expect((await team.deployment()).metadata.annotations ?? {}).not.toHaveProperty(['spillway.dev/held']);
    expect((await releasesOf(team)).map(({ status }) => status.phase)).toEqual(['cancelled']);
  });

  test('S42: one that was rolled back does not start again, a different one does, and so does it after that', async ({
    expect,
  }) => {
    const team = await scene.team('fixed', ALONE);
    await inFirstStage(team, 'v2');
    await team.ask('rollback', 'wrong');
    await team.untilClean();
    await until('the template is back', async () => (await team.template()) === 'v1');
    await team.change('v3');
    await team.until(isFirstStage, 90_000);
    await team.ask('rollback', 'wrong too');
    await team.untilClean();
    await until('the template is back', async () => (await team.template()) === 'v1');
    await team.change('v2');
    await until('v2 is put back, though v3 was the last', async () => (await team.template()) === 'v1');
    expect((await releasesOf(team)).map(({ status }) => status.phase)).toEqual(['rolledBack', 'rolledBack']);
    await team.until(status => conditionOf(status, 'Ready')?.status === 'True');
  });
});

describe.concurrent('a rule with backends of other teams', { timeout: 240_000 }, () => {
  /** A Service of theirs that nobody runs for. */
  const stub = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: scene.cluster.namespace },
    spec: { selector: { app: `nobody-${name}` }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  });

  test('S33: their weights are the same at 0, 20, 50 and 100 %', async ({ expect }) => {
    await scene.cluster.apply(stub('theirs'), stub('others'));
    const team = await scene.team('shared', {
      ...ALONE,
      weights: { shared: 100, theirs: 30, others: 7 },
      wishes: { stages: [{ weight: 20 }, { weight: 50 }, { weight: 100 }] },
    });
    const before = await team.weights();
    await team.change('v2');
    for (const percent of [20, 50, 100]) {
      await untilRouted(team, percent);
      expect(await team.weights(), `${percent} %`).toMatchObject({ theirs: 30, others: 7 });
      if (percent < 100) await team.ask('promote');
    }
    await team.ask('rollback');
    await team.untilClean();
    expect(await team.weights()).toEqual(before);
  });

  test('S35: several rules with header matches and filters move together, and keep every other byte to the end', async ({
    expect,
  }) => {
    const { cluster } = scene;
    await cluster.apply(stub('theirs'));
    const team = await scene.team('headers', ALONE);
    const gold = { name: 'x-tier', value: 'gold' };
    const beta = { name: 'x-beta', type: 'RegularExpression', value: '^(on|1)$' };
    const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: { add: [gold], remove: ['x-raw'] } }];
    const own = [
      { name: 'headers', port: 80, weight: 900 },
      { name: 'theirs', port: 80, weight: 100 },
    ];
    const rich = route(cluster.namespace, 'headers', { host: team.host, weights: {} });
    rich['spec'].rules = [
      { matches: [{ headers: [gold, beta] }], filters, backendRefs: own },
      { matches: [{ headers: [gold] }, { path: { type: 'Exact', value: '/gold' } }], backendRefs: own.slice(0, 1) },
      { matches: [{ headers: [beta] }], backendRefs: own.slice(1) },
      { backendRefs: own.slice(0, 1) },
    ];
    await cluster.apply(rich);
    const rules = async (): Promise<{ backendRefs: { name: string; weight: number }[] }[]> =>
      (await cluster.get('gateway.networking.k8s.io/v1', 'httproutes/headers'))['spec'].rules;
    const before = JSON.stringify(await rules());
    /** Percent of the pair in each rule that holds it, and the bytes of all else. */
    const looked = async () => {
      const seen = await rules();
      const shares = seen.flatMap(({ backendRefs }) => {
        const [stable, candidate] = ['headers', 'headers-candidate'].map(
          name => backendRefs.find(ref => ref.name === name)?.weight,
        );
        return candidate === undefined ? [] : [(100 * candidate) / (stable! + candidate)];
      });
      for (const rule of seen) rule.backendRefs = rule.backendRefs.filter(({ name }) => name === 'theirs');
      return { shares, rest: JSON.stringify(seen) };
    };
    const { rest } = await looked();
    const reached = (percent: number) =>
      until(
        `all three give ${percent} %`,
        async () => (await looked()).shares.join() === [percent, percent, percent].join(),
        {
          withinMs: 60_000,
          everyMs: 100,
          instead: rules,
        },
      );
    await team.change('v2');
    for (const percent of [25, 50, 100]) {
      await reached(percent);
      expect((await looked()).rest, `${percent} %`).toBe(rest);
      if (percent < 100) await team.ask('promote');
    }
    await team.ask('rollback');
    await team.untilClean();
    expect(JSON.stringify(await rules())).toBe(before);
  });
});
