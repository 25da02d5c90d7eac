/**
 * The main job from a shell: init, lint, test, release, watch, steer, take back, look up. One folder, in the order in which
 * a user would do it; each command is a process of its own, and the app's users are real clients of the SDK.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/stats/random.ts';
import { hurry, openProject, type Project, stand } from '../support/project.ts';
import { openRoom } from '../support/room.ts';
import { documentOf, expectNoTrace, type Running } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import { startUsers, type Users } from '../support/users.ts';

/** What a few hundred of the app's users would be given now. */
const resolved = ({ prompts }: Users) =>
  new Set(Array.from({ length: 300 }, (_, at) => prompts.prompt('support-bot', { unit: `someone-${at}` }).version));

const room = openRoom();
let project: Project;
/** Runs of cases in the suite that init wrote, repeats counted. */
let planned: number;
beforeAll(async () => {
  project = await openProject(room);
});
afterAll(() => room.end());

describe('before anything serves', () => {
  test('init writes a project that lints and whose tests pass, and never over files that are there', async () => {
    const { files } = await project.json(['init'], 0);
    expect(files).toContain('pipeline.yaml');
    expect(await project.json(['init'], 2)).toMatchObject({ error: { code: 'USAGE' } });
    expect(await project.json(['lint', 'pipeline.yaml'], 0)).toMatchObject({ files: [{ ok: true, problems: [] }] });
    hurry(project);
    const report = await project.json(['test', 'pipeline.yaml'], 0);
    expect(report).toMatchObject({ schema: 'spillway.test/v1', suite: 'support-bot', failed: 0, errors: 0, notRun: 0 });
    planned = report.cases.length;
    expect(planned).toBeGreaterThan(0);
    expect(report.passed).toBe(planned);
  });

  test('commands that need a server say so, and those that only read find nothing', async () => {
    expect(await project.json(['release', 'pipeline.yaml', '--detach'], 2)).toMatchObject({
      error: { code: 'USAGE', hint: expect.stringContaining('spillway serve') },
    });
    expect(await project.json(['promote'], 3)).toMatchObject({ error: { code: 'SERVER_UNREACHABLE' } });
    expect(await project.json(['status'], 2)).toMatchObject({ error: { code: 'NOT_FOUND' } });
    expect(await project.json(['rollback'], 2)).toBeDefined();
  });
});

describe('without a server', () => {
  test('the first version passes its tests and serves; the same again is refused', async () => {
    expect(await project.json(['release', 'pipeline.yaml'], 0)).toMatchObject({ phase: 'succeeded', baseline: null });
    expect(await project.json(['release', 'pipeline.yaml'], 2)).toMatchObject({ error: { code: 'VERSION_SERVING' } });
    expect(await project.json(['status'], 0)).toEqual({ releases: [] });
    expect(await project.json(['status', 'support-bot'], 0)).toMatchObject({ releases: [{ phase: 'succeeded' }] });
  });

  test('release runs a server of its own, that status finds, and promotes a good version stage by stage', async () => {
    project.edit('You are the friendly support assistant of a web shop.');
    const releasing = project.start(['release', 'pipeline.yaml', '--json']);
    const url = await project.serverUrl();
    const users = startUsers(room, { url, random: seededRandom(3) });
    await until('another process sees the stage', async () => {
      const { releases } = await project.json(['status'], 0);
      return releases[0]?.phase === 'rollingOut';
    });
    const ended = await releasing.ended;
    await users.stop();
    expect(ended, ended.stderr).toMatchObject({ exit: 0 });
    const release = documentOf(ended);
    expect(release).toMatchObject({ phase: 'succeeded', weight: 100 });
    expect(
      release.stages.map(({ weight, leftAt }: { weight: number; leftAt?: string }) => [weight, leftAt !== undefined]),
    ).toEqual([
      [10, true],
      [25, true],
      [50, true],
      [100, true],
    ]);
    expect([...users.met]).toContain(release.version);
  });
});

describe('with a server', () => {
  let server: Running;
  let users: Users;
  beforeAll(async () => {
    server = project.start(['serve', '--port', '0']);
    users = startUsers(room, { url: await project.serverUrl(), random: seededRandom(4) });
    await users.prompts.ready();
  });

  /** Begins a release of a new version that stays in its first stage; answers when it is there. */
  async function begin(system: string, ...options: string[]): Promise<string> {
    project.edit(system);
    const { id } = await project.json(['release', 'pipeline.yaml', '--detach', ...options], 0);
    await until(
      'the first stage',
      async () => (await project.json(['status', id], 0)).releases[0].phase === 'rollingOut',
    );
    return id;
  }

  const ended = (id: string) =>
    until(`${id} has ended`, async () => {
      const [release] = (await project.json(['status', id], 0)).releases;
      return ['succeeded', 'rolledBack'].includes(release.phase) && release;
    });

  test('a version that fails its users is rolled back: exit 1, and nobody meets it again', async () => {
    project.edit('You are a broken support assistant of a web shop.');
    const release = await project.json(['release', 'pipeline.yaml'], 1);
    expect(release).toMatchObject({
      phase: 'rolledBack',
      weight: 0,
      rollback: { trigger: 'errorRate', withinSla: true },
    });
    expect([...users.met]).toContain(release.version);
    await until('nobody resolves it', () => !resolved(users).has(release.version), { withinMs: 1_000 });
  });

  test('what was rolled back is held until it is forced; status --watch follows it to its end', async () => {
    expect(await project.json(['release', 'pipeline.yaml'], 2)).toMatchObject({ error: { code: 'VERSION_HELD' } });
    const { id } = await project.json(['release', 'pipeline.yaml', '--detach', '--force'], 0);
    const watching = project.start(['status', id, '--watch']);
    const watchingJson = project.start(['status', id, '--watch', '--json']);
    await until(
      'it is exposed, or over',
      async () => (await project.json(['status', id], 0)).releases[0].stageIndex >= 0,
    );
    await project.run(['rollback', id, '--reason', 'still broken']);
    const watched = await watching.ended;
    expect(watched).toMatchObject({ exit: 0, stdout: expect.stringMatching(/support-bot rolledBack 0 %\n$/) });
    expect(documentOf(await watchingJson.ended)).toMatchObject({ releases: [{ id, phase: 'rolledBack' }] });
    const late = await project.run(['status', id, '--watch']);
    expect(late).toMatchObject({ exit: 0, stdout: 'support-bot rolledBack 0 %\n' });
  });

  test('promote goes one stage further, promote --full to 100 % and into the bake; then it serves', async () => {
    stand(project);
    const id = await begin('You are the patient support assistant of a web shop.');
    expect(await project.json(['promote', 'support-bot'], 0)).toMatchObject({ stageIndex: 1, weight: 25 });
    expect(await project.json(['promote', id, '--full'], 0)).toMatchObject({ phase: 'baking', weight: 100 });
    expect(await ended(id)).toMatchObject({ phase: 'succeeded' });
    const events = (await project.json(['history', id], 0)).events;
    expect(events.filter(({ evidence }: { evidence: { override?: boolean } }) => evidence.override)).toHaveLength(2);
  });

  test('a paused release stands still: promote is exit 2, resume goes on, rollback takes it back', async () => {
    const id = await begin('You are the careful support assistant of a web shop.');
    expect(await project.json(['pause'], 0)).toMatchObject({ hold: { reason: 'paused' } });
    expect(await project.json(['promote'], 2)).toMatchObject({ error: { code: 'RELEASE_PAUSED' } });
    expect((await project.json(['resume'], 0)).hold).toBeUndefined();
    await project.json(['pause'], 0);
    const taken = await project.json(['rollback', '--reason', 'wrong answers about refunds'], 0);
    expect(taken).toMatchObject({
      id,
      weight: 0,
      rollback: { trigger: 'manual', reason: 'wrong answers about refunds' },
    });
    await ended(id);
    expect(await project.json(['rollback', id, '--reason', 'again'], 2)).toMatchObject({
      error: { code: 'RELEASE_FINISHED' },
    });
    expect(await project.json(['promote'], 2)).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });

  test('a version whose tests fail never meets anyone: exit 1; one whose tests cannot be run: exit 3', async () => {
    project.edit('Answer in rhyme.');
    const failed = await project.json(['release', 'pipeline.yaml'], 1);
    expect(failed).toMatchObject({ phase: 'failed', weight: 0, test: { passed: false, complete: true } });
    expect((await project.json(['test', 'pipeline.yaml'], 1)).failed).toBe(planned);
    project.edit('You are unreachable.');
    expect(await project.json(['release', 'pipeline.yaml'], 3)).toMatchObject({
      phase: 'failed',
      test: { complete: false },
    });
    expect((await project.json(['test', 'pipeline.yaml'], 3)).passed).toBe(0);
    expect([...users.met]).not.toContain(failed.version);
  });

  test('history and audit verify tell the same story from the server and from the folder', async () => {
    const { events } = await project.json(['history', 'support-bot'], 0);
    const verified = await project.json(['audit', 'verify'], 0);
    expect(verified).toMatchObject({ verified: true, events: events.length });
    await users.stop();
    server.kill('SIGTERM');
    const stopped = await server.ended;
    expect(stopped).toMatchObject({ exit: 0 });
    expectNoTrace(stopped);
    expect((await project.json(['history'], 0)).events).toEqual(events);
    expect(await project.json(['audit', 'verify'], 0)).toEqual(verified);
  });

  test('an export of the audit with one word changed does not verify: exit 1 names the event', async () => {
    const { events } = await project.json(['history'], 0);
    const file = join(project.folder, 'export.json');
    writeFileSync(file, JSON.stringify({ events }));
    expect(await project.json(['audit', 'verify', file], 0)).toMatchObject({ verified: true });
    const at = events.findIndex(({ kind }: { kind: string }) => kind === 'rollback');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('wrong answers about refunds', 'right answers about refunds'),
    );
    const broken = await project.json(['audit', 'verify', file], 1);
    expect(broken).toMatchObject({ verified: false });
    expect(at).toBeGreaterThan(0);
    expect(broken.why).toMatch(/^support-bot, event \d+/);
  });
});
