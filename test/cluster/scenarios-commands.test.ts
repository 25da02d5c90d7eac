/**
 * What people ask of a release, by `kubectl` and by `spillway --kube`, on a real cluster: who may, what comes of it, what they are
 * told, and how the Deployment ends.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { documentOf, run, runJson, start } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import { accessFor, kubeconfigOf } from './client/kubeconfig.ts';
import { openAccount, usernameOf } from './support/accounts.ts';
import { conditionOf, readPipeline } from './support/pipelines.ts';
import { auditOf, openScene, type Scene, untilRouted } from './support/scene.ts';
import { untilRolledOut } from './support/workloads.ts';

let scene: Scene;
/** Of a person of the team, who is not the administrator. */
let kubeconfig: string;

beforeAll(async () => {
  scene = await openScene();
  const { room, cluster } = scene;
  await openAccount(room, cluster, 'ann');
  kubeconfig = join(room.folder(), 'kubeconfig');
  const access = await accessFor(cluster.api, { namespace: cluster.namespace, name: 'ann' });
  writeFileSync(kubeconfig, kubeconfigOf(access, 'ann'), { mode: 0o600 });
}, 90_000);
afterAll(() => scene?.room.end());

/** The same person by a program that gives the token, as clouds have it, in a second file that has the user alone. */
function loggingIn(): string {
  const [whole, user] = ['login', 'user'].map(name => join(scene.room.folder(), name));
  const { users, ...rest } = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const apiVersion = 'client.authentication.k8s.io/v1';
  const credential = JSON.stringify({ apiVersion, kind: 'ExecCredential', status: users[0].user });
  const exec = { apiVersion, command: 'echo', args: [credential], interactiveMode: 'Never' };
  writeFileSync(whole!, JSON.stringify(rest));
  writeFileSync(user!, JSON.stringify({ users: [{ name: 'ann', user: { exec } }] }), { mode: 0o600 });
  return [whole, user].join(delimiter);
}

const asAnn = () => ({ env: { KUBECONFIG: kubeconfig } });
const kube = (...args: string[]) => [...args, '--kube', '--namespace', scene.cluster.namespace];
const annotate = (name: string, ...annotations: string[]) =>
  scene.cluster.kubectl(`--kubeconfig=${kubeconfig}`, 'annotate', '--overwrite', 'pipeline', name, ...annotations);
const inStage = (stage: string) => (status: { stage?: string; weight?: number }) => status.stage === stage;
describe.concurrent('with kubectl', { timeout: 240_000 }, () => {
  test('promote, pause, resume and promote --full are obeyed once, name their giver, and end in the Deployment', async ({
    expect,
  }) => {
    const team = await scene.team('words');
    await team.change('v2');
    await team.until(inStage('1/3'));
    await untilRouted(team, 25);
    await annotate('words', 'spillway.dev/command=promote');
    const { lastCommand } = await team.until(inStage('2/3'));
    expect(lastCommand).toMatchObject({
      command: 'promote',
      actor: usernameOf(scene.cluster.namespace, 'ann'),
      result: expect.stringMatching(/^done: rollingOut at 50 %/),
    });
    const { annotations = {} } = (await readPipeline(scene.cluster, 'words')).metadata;
    expect(Object.keys(annotations).filter(key => key.startsWith('spillway.dev/'))).toEqual([]);

    expect(await team.ask('pause', 'lunch')).toMatchObject({ result: expect.stringMatching(/^done/) });
    expect((await team.until(({ hold }) => hold)).hold.reason).toBe('paused');
    expect(await team.ask('promote')).toMatchObject({ result: expect.stringMatching(/^refused: .*paused/) });
    expect(await team.ask('resume')).toMatchObject({ result: expect.stringMatching(/^done/) });
    expect(await team.ask('promote --full')).toMatchObject({ result: expect.stringMatching(/^done: baking at 100 %/) });
    await untilRouted(team, 100);
    await team.ask('promote');
    await team.until(({ phase }) => phase === 'serving', 90_000);
    await team.untilClean();
    expect(await team.template()).toBe('v2');
    await untilRolledOut(scene.cluster, 'words');
  });

  test('an unknown word and a word without a release are refused, and say what there is', async ({ expect }) => {
    const team = await scene.team('wrong', { replicas: 1 });
    expect(await team.ask('promot')).toMatchObject({
      result: 'refused: "promot" is none of promote, promote --full, pause, resume, approve, rollback, cancel, retry',
    });
    expect(await team.ask('approve')).toMatchObject({ result: 'refused: no release is active' });
    expect(await team.ask('pause')).toMatchObject({ result: 'refused: no release is active' });
    expect(await team.ask('retry')).toMatchObject({ result: expect.stringMatching(/^refused: .*serves already/) });
  });

  test('a rollback while paused keeps the reason, and the same template does not start again until a retry', async ({
    expect,
  }) => {
    const team = await scene.team('back', { replicas: 1 });
    await team.change('v2');
    await team.until(inStage('1/3'));
    await untilRouted(team, 25);
    await team.ask('pause');
    await annotate('back', 'spillway.dev/command=rollback', 'spillway.dev/reason=wrong totals');
    const ended = await team.until(
      ({ phase, lastCommand }) => phase === 'serving' && lastCommand?.command === 'rollback',
    );
    expect(ended.lastCommand.actor).toBe(usernameOf(scene.cluster.namespace, 'ann'));
    expect(conditionOf(ended, 'Progressing')?.message).toContain('wrong totals');
    await team.untilClean();
    await until('the template is back', async () => (await team.template()) === 'v1');
    await untilRolledOut(scene.cluster, 'back');
    const [event] = (await auditOf(scene, 'rollback')).filter(({ why }) => why === 'wrong totals');
    expect(event).toMatchObject({ actor: usernameOf(scene.cluster.namespace, 'ann'), weightAfter: 0 });

    const before = (await team.status())['release'];
    await team.change('v2');
    await until('it is put back', async () => (await team.template()) === 'v1');
    expect((await team.status())['release']).toBe(before);
  });
});

describe.concurrent('with spillway --kube', { timeout: 240_000 }, () => {
  test('the same, with exit statuses and one document for --json', async ({ expect }) => {
    const team = await scene.team('cli');
    await team.change('v2');
    await team.until(inStage('1/3'));
    await untilRouted(team, 25);
    const watching = start(scene.room, kube('status', 'cli', '--watch'), asAnn());
    await until('the watch shows the first stage', () => watching.stdout().includes('1/3 at 25 %'));
    expect((await run(scene.room, kube('promote', 'cli'), asAnn())).exit).toBe(0);
    const late = ['spillway.dev/command=promote', 'spillway.dev/stage=1/3'];
    await scene.cluster.kubectl('annotate', 'pipeline', 'cli', ...late);
    await team.until(({ lastCommand }) => /^refused: .*stage/.test(lastCommand?.result));
    expect((await team.status())['stage'], 'for the stage that the asker saw').toBe('2/3');
    const paused = await runJson(scene.room, kube('pause', 'cli'), 0, asAnn());
    expect(paused).toMatchObject({ name: 'cli', status: { lastCommand: { command: 'pause' } } });
    const refused = await run(scene.room, kube('promote', 'cli'), asAnn());
    expect(refused).toMatchObject({ exit: 2, stderr: expect.stringMatching(/is paused/) });
    const missing = await run(scene.room, kube('pause', 'nobody'), asAnn());
    expect(missing).toMatchObject({ exit: 2, stderr: expect.stringMatching(/no pipeline nobody/) });
    expect((await run(scene.room, kube('resume', 'cli'), asAnn())).exit).toBe(0);
    const back = await run(scene.room, kube('rollback', 'cli', '--reason', 'too dear'), asAnn());
    expect(back).toMatchObject({ exit: 0, stdout: expect.stringMatching(/rollback by .*ann/) });
    await team.untilClean();
    expect(await watching.ended).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/1\/3 at 25 %[\s\S]*2\/3 at 50 %[\s\S]*cli {2}(held|serving)/),
    });
    await team.until(({ phase }) => phase === 'serving');
    const { pipelines } = documentOf(await run(scene.room, [...kube('status', 'cli'), '--json'], asAnn()));
    expect(pipelines).toMatchObject([{ name: 'cli', status: { phase: 'serving' } }]);
    expect(await team.template()).toBe('v1');
    const byLogin = { env: { KUBECONFIG: loggingIn() } };
    expect(await run(scene.room, kube('status', 'cli'), byLogin)).toMatchObject({ exit: 0, stderr: '' });
  });
});

describe.concurrent('a rollback late in a release', { timeout: 240_000 }, () => {
  test('S11: in the bake, after promote --full: traffic first, then the template that serves is back', async () => {
    const team = await scene.team('baked', { replicas: 1 });
    await team.change('v2');
    await team.until(inStage('1/3'));
    await untilRouted(team, 25);
    await team.ask('promote --full');
    await team.until(({ stage }) => stage === 'bake');
    await untilRouted(team, 100);
    await team.ask('rollback', 'late');
    await team.untilClean();
    await until('the template is back', async () => (await team.template()) === 'v1');
    await untilRolledOut(scene.cluster, 'baked');
  });

  test('while promoting: weight 0 first, then the Deployment rolls back to the old template', async ({ expect }) => {
    const team = await scene.team('promoting', {
      container: {
        readinessProbe: { httpGet: { path: '/ready', port: 'http' }, initialDelaySeconds: 4, periodSeconds: 1 },
      } as never,
    });
    await team.change('v2');
    await team.until(inStage('1/3'), 90_000);
    await untilRouted(team, 25);
    await team.ask('promote --full');
    await team.until(({ stage }) => stage === 'bake');
    await team.ask('promote');
    await team.until(({ phase }) => phase === 'promoting');
    await until('the Deployment rolls', async () => (await team.deployment())['spec'].paused === undefined);
    await team.ask('rollback', 'second thoughts');
    await until('weight 0', async () => ((await team.weights())['promoting-candidate'] ?? 0) === 0);
    await team.until(({ phase }) => phase === 'serving' || phase === 'held', 90_000);
    await team.untilClean();
    expect(await team.template()).toBe('v1');
    await untilRolledOut(scene.cluster, 'promoting');
    await expect.poll(team.status).toMatchObject({ phase: 'serving' });
  });

  test('cancelled in a stage: the version is not held, and is tried when it is applied again', async () => {
    const team = await scene.team('cancelled', { replicas: 1 });
    await team.change('v2');
    const { release } = await team.until(inStage('1/3'));
    await untilRouted(team, 25);
    await team.ask('cancel');
    await team.untilClean();
    await until('its template is back', async () => (await team.template()) === 'v1');
    await team.until(({ phase }) => phase === 'serving');
    await team.change('v2');
    await team.until(status => status.release !== release && status.stage === '1/3');
    await team.ask('cancel');
  });
});
