/**
 * The store cannot write: its disk is full, or mounted for reading only. No weight rises then, and a rollback still takes
 * the candidate away from everyone; once there is room again it is on record as if nothing had happened.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/stats/random.ts';
import { canMount, type TinyDisk, tinyDisk } from '../../src/store/disk.test-support.ts';
import { openJournal } from '../../src/store/journal.ts';
import { type Api, api } from '../support/api.ts';
import { ARTIFACT, documentsOf } from '../support/documents.ts';
import { openRoom } from '../support/room.ts';
import { expectNoTrace, run, runJson, type ServerProcess, serve } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import { startUsers, type Users } from '../support/users.ts';

const room = openRoom();
afterEach(() => room.end());

const hasDisks = canMount();
if (!hasDisks) process.stdout.write('  skipped: full and read-only disks need the right to mount a tmpfs (root)\n');

const DISK_BYTES = 4 * 1024 * 1024;
/** Enough to see both arms. */
const units = Array.from({ length: 300 }, (_, at) => `someone-${at}`);

function disk(bytes = DISK_BYTES): TinyDisk {
  const tiny = tinyDisk(bytes);
  room.atEnd(() => tiny.end());
  return tiny;
}

/** Takes what room there is; answers how to give it back. */
function fill({ folder }: TinyDisk): () => void {
  const path = join(folder, 'filler');
  const fd = openSync(path, 'w');
  try {
    for (let bytes = 65_536; bytes >= 1; bytes = Math.floor(bytes / 2)) {
      try {
        for (;;) writeSync(fd, Buffer.alloc(bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(fd);
  }
  return () => rmSync(path);
}

interface Scene {
  server: ServerProcess;
  client: Api;
  users: Users;
  /** Of the release whose candidate has 10 %. */
  id: string;
}

async function tenPercent(data: string, args: string[]): Promise<Scene> {
  const server = await serve(room, { data, args });
  const client = api(server.url);
  await client.release(documentsOf({ text: 'one' }));
  await until('version 1 serves', async () => (await client.active()).length === 0);
  const { json } = await client.release(documentsOf({ text: 'two', stage: { hold: '1h', timeout: '2h' } }));
  await until('the first stage', async () => (await client.find(json.id)).weight === 10);
  const users = startUsers(room, { url: server.url, random: seededRandom(1), perSecond: 50 });
  await users.prompts.ready();
  expect(exposedTo(users)).toBeGreaterThan(0);
  return { server, client, users, id: json.id };
}

const exposedTo = ({ prompts }: Users) =>
  units.filter(unit => prompts.prompt(ARTIFACT, { unit }).variant === 'candidate').length;

/** Writes until the store says that it cannot: what is left of its log file may still take some. */
async function untilRefused(client: Api): Promise<void> {
  let count = 0;
  const refused = await until('the store refuses a write', async () => {
    const spec = { template: `filling ${count++}` };
    const answer = await client.call('POST', '/api/v1/artifacts/filling/versions', { spec });
    return answer.status === 201 ? false : answer;
  });
  expect(refused).toMatchObject({
    status: 503,
    json: { code: 'STORE_UNAVAILABLE', hint: expect.stringMatching(/disk/) },
  });
}

async function expectRecorded({ client, id }: Scene, data: string, journal: string): Promise<void> {
  await until('the rollback is on record', async () => (await client.find(id)).phase === 'rolledBack', {
    instead: () => client.find(id),
  });
  const audit = await client.audit(`?release=${id}`);
  expect(audit.filter(({ kind }) => kind === 'rollback')).toMatchObject([
    { why: 'wrong answers', weightBefore: 10, weightAfter: 0, evidence: { trigger: 'manual' } },
  ]);
  expect(audit.at(-1)).toMatchObject({ kind: 'restored' });
  await runJson(room, ['audit', 'verify', '--data', data], 0);
  const left = openJournal(journal);
  expect(left.pending()).toEqual([]);
  left.close();
}

/** Takes every right to write from the data files, also from the process that has them open; answers how to give it back. */
function freeze(data: string): () => void {
  const files = ['spillway.db', 'spillway.db-wal'].map(name => join(data, name));
  const change = (flag: '+i' | '-i') => {
    for (const file of files) if (existsSync(file)) execFileSync('chattr', [flag, file], { stdio: 'pipe' });
  };
  room.atEnd(() => change('-i'));
  change('+i');
  return () => change('-i');
}

/** The attribute needs a file system that knows it, and the right to set it. */
function canFreeze(): boolean {
  const probe = join(room.folder(), 'probe');
  try {
    writeFileSync(probe, '');
    execFileSync('chattr', ['+i', probe], { stdio: 'pipe' });
    execFileSync('chattr', ['-i', probe], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

const hasFreezing = canFreeze();
if (!hasFreezing)
  process.stdout.write('  skipped: data files that become read-only need chattr and the right to use it\n');

describe.skipIf(!hasFreezing)('with data files that become read-only under the server', () => {
  test('a rollback moves traffic, and is recorded when they can be written again', async () => {
    const data = join(room.folder(), 'data');
    const scene = await tenPercent(data, []);
    const { client, users, id, server } = scene;
    const thaw = freeze(data);
    expect(await client.command(id, 'promote')).toMatchObject({ status: 503 });
    const answer = await client.command(id, 'rollback', { reason: 'wrong answers' });
    expect(answer, answer.text).toMatchObject({ status: 200, json: { weight: 0, phase: 'rollingBack' } });
    await until('every unit is back on the baseline', () => exposedTo(users) === 0, { withinMs: 1_000, everyMs: 1 });
    thaw();
    await expectRecorded(scene, data, join(data, 'rollback.journal'));
    await users.stop();
    expect(await server.stop()).toMatchObject({ exit: 0 });
  });
});

describe.skipIf(!hasDisks)('on a full disk', () => {
  test.each([
    ['with the journal on another disk', true],
    ['with the journal beside the data', false],
  ])('a rollback moves traffic and is recorded later, %s', async (_where, elsewhere) => {
    const tiny = disk();
    const data = join(tiny.folder, 'data');
    const journal = join(elsewhere ? room.folder() : data, 'rollback.journal');
    const scene = await tenPercent(data, ['--journal', journal]);
    const { client, users, id, server } = scene;
    const giveBack = fill(tiny);
    await untilRefused(client);

    expect(await client.command(id, 'promote')).toMatchObject({ status: 503 });
    expect((await client.assignments())[0]?.weight).toBe(10);

    const answer = await client.command(id, 'rollback', { reason: 'wrong answers' });
    expect(answer, answer.text).toMatchObject({ status: 200, json: { weight: 0, phase: 'rollingBack' } });
    await until('every unit is back on the baseline', () => exposedTo(users) === 0, { withinMs: 1_000, everyMs: 1 });
    for (const unit of units.slice(0, 50))
      expect(await client.resolve(ARTIFACT, unit)).toMatchObject({ variant: 'baseline' });
    expect((await client.audit(`?release=${id}`)).map(({ kind }) => kind)).not.toContain('rollback');

    giveBack();
    await expectRecorded(scene, data, journal);
    expect(exposedTo(users)).toBe(0);
    await users.stop();
    expect(await server.stop()).toMatchObject({ exit: 0 });
  });

  test('a server killed after such a rollback starts on the full disk with the candidate taken back', async () => {
    const tiny = disk();
    const data = join(tiny.folder, 'data');
    const journal = join(room.folder(), 'rollback.journal');
    const args = ['--journal', journal];
    const scene = await tenPercent(data, args);
    const giveBack = fill(tiny);
    await untilRefused(scene.client);
    expect(await scene.client.command(scene.id, 'rollback', { reason: 'wrong answers' })).toMatchObject({
      status: 200,
    });
    await scene.server.killHard();

    await serve(room, { data, args, port: scene.server.port });
    expect((await scene.client.assignments())[0]).toMatchObject({ weight: 0 });
    for (const unit of units.slice(0, 50))
      expect((await scene.client.resolve(ARTIFACT, unit)).variant).toBe('baseline');
    expect(exposedTo(scene.users)).toBe(0);
    giveBack();
    await expectRecorded(scene, data, journal);
  });

  test('a server does not start where there is no room for its data, and says why', async () => {
    const tiny = disk(65_536);
    fill(tiny);
    const ended = await run(room, ['serve', '--port', '0', '--data', join(tiny.folder, 'data')]);
    expect(ended).toMatchObject({ exit: 3, stderr: expect.stringMatching(/full|no space/i) });
    expectNoTrace(ended);
  });
});

describe.skipIf(!hasDisks)('on a disk that is mounted for reading only', () => {
  test('what was kept can be read and verified, and nothing can be started', async () => {
    const tiny = disk();
    const data = join(tiny.folder, 'data');
    const { server, users, id } = await tenPercent(data, []);
    await users.stop();
    await server.stop();
    tiny.makeReadonly();

    expect(await runJson(room, ['status', '--data', data], 0)).toMatchObject({ releases: [{ id, weight: 10 }] });
    expect((await runJson(room, ['history', '--data', data], 0)).events.length).toBeGreaterThan(4);
    expect(await runJson(room, ['audit', 'verify', '--data', data], 0)).toMatchObject({ verified: true });
    const refused = await runJson(room, ['serve', '--port', '0', '--data', data], 3);
    expect(refused).toMatchObject({
      error: { code: 'STORE_UNAVAILABLE', message: expect.stringMatching(/read-only/i) },
    });
  });
});
