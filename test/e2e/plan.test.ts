/** `spillway plan` from a shell: one document, what the last release tells from the folder and from a server, exit statuses. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openEvidence } from '../../src/analysis/live.ts';
import { systemClock } from '../../src/clock.ts';
import { samplePlan, sampleRelease } from '../../src/rollout/release.test-support.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { openRoom } from '../support/room.ts';
import { documentOf, run, runJson, serve } from '../support/spillway.ts';

const room = openRoom();
afterEach(() => room.end());

const QUICK = ['--runs', '100'];
const PER_SECOND = 30;

/** A project with a finished release in its data folder: half a minute at 10 % with 5 % errors. */
async function released(): Promise<{ cwd: string; data: string }> {
  const cwd = room.folder();
  expect(await run(room, ['init'], { cwd })).toMatchObject({ exit: 0 });
  const data = join(cwd, '.spillway');
  const random = seededRandom(8);
  const plan = samplePlan();
  const evidence = openEvidence({ ...plan.regression, errorRateMax: null });
  const enteredMs = Date.parse('2026-03-01T10:00:00Z');
  evidence.enterStage({ index: 0, weight: 10, atMs: enteredMs });
  for (let i = 0; i < 60 * PER_SECOND; i++)
    evidence.add({
      arm: random() < 0.1 ? 'candidate' : 'baseline',
      atMs: enteredMs + (1000 * i) / PER_SECOND,
      latencyMs: 100 + 100 * random(),
      error: random() < 0.05,
    });
  const verdict = evidence.judge({ minSamples: 50, require: 'noHarm', nowMs: enteredMs + 60_000 });
  const [first, ...others] = sampleRelease().stages;
  const left = { enteredAt: new Date(enteredMs).toISOString(), leftAt: new Date(enteredMs + 60_000).toISOString() };
  const release = sampleRelease({ plan, phase: 'succeeded', stages: [{ ...first!, ...left, verdict }, ...others] });
  const store = await openSqliteStore({ folder: data, clock: systemClock });
  await store.insertRelease(
    {
      id: release.id,
      artifact: release.artifact,
      active: false,
      stateVersion: 1,
      state: JSON.parse(JSON.stringify(release)),
      dueAt: 0,
      leaseOwner: null,
      leaseUntil: 0,
      createdAt: enteredMs,
      updatedAt: enteredMs,
    },
    [],
  );
  await store.close();
  return { cwd, data };
}

const MEASURED = {
  schema: 'spillway.plan/v1',
  traffic: { from: 'measured' },
  measured: { release: 'rel_1' },
  metrics: [
    { name: 'errors', baseline: { from: 'measured' } },
    { name: 'latency', baseline: { from: 'measured' } },
    { name: 'quality', baseline: { from: 'assumed' } },
  ],
};

test('without a rate it takes that of the last release, from the folder or from a server; a flag goes before it', async () => {
  const { cwd, data } = await released();
  const fromFolder = await runJson(room, ['plan', ...QUICK], 0, { cwd });
  expect(fromFolder).toMatchObject(MEASURED);
  expect(fromFolder.traffic.perSecond).toBeGreaterThan(0.9 * PER_SECOND);
  expect(fromFolder.traffic.perSecond).toBeLessThanOrEqual(PER_SECOND);
  expect(fromFolder.metrics[0].baseline.errorRate).toBeCloseTo(0.05, 1);

  const given = await runJson(room, ['plan', ...QUICK, '--rate', '2/s', '--error-rate', '1%'], 0, { cwd });
  expect(given.traffic).toMatchObject({ perSecond: 2, from: 'flag' });
  expect(given.metrics[0].baseline).toEqual({ errorRate: 0.01, from: 'flag' });
  expect(given.metrics[1].baseline).toEqual(fromFolder.metrics[1].baseline);

  const { url } = await serve(room, { data });
  const elsewhere = ['plan', ...QUICK, '--server', url, '--data', join(cwd, 'nothing')];
  expect(await runJson(room, elsewhere, 0, { cwd })).toMatchObject(MEASURED);
  const { stdout } = await run(room, ['plan', ...QUICK, '--server', url], { cwd });
  expect(stdout).toContain('new units a second');
  expect(stdout).toContain('(measured in the release of 2026-01-01 00:00)');
});

test('a warning is told with what would do, and ends with 1 where it was asked to', async () => {
  const cwd = room.folder();
  await run(room, ['init'], { cwd });
  const thin = ['plan', ...QUICK, '--rate', '20/min'];
  const ended = await run(room, thin, { cwd });
  expect(ended).toMatchObject({ exit: 0, stderr: '' });
  expect(ended.stdout).toMatch(/^warning {2}10 % for 5 min gets about 10 candidate units/m);
  expect(ended.stdout).toMatch(/^ {2}→ raise the timeout to \d+m/m);
  expect(await run(room, [...thin, '--strict'], { cwd })).toMatchObject({ exit: 1 });
});

test('without a rate and without a release it says what to give; a dead server is only in the way when it is needed', async () => {
  const cwd = room.folder();
  await run(room, ['init'], { cwd });
  const nothing = await run(room, ['plan'], { cwd });
  expect(nothing).toMatchObject({ exit: 2, stdout: '', stderr: expect.stringContaining('--rate 20/s') });
  const dead = ['--server', 'http://127.0.0.1:1', ...QUICK];
  const failed = await run(room, ['plan', '--json', ...dead], { cwd });
  expect(failed.exit).toBe(3);
  expect(documentOf(failed).error.code).toBe('SERVER_UNREACHABLE');
  const noted = await run(room, ['plan', '--rate', '5', ...dead], { cwd });
  expect(noted).toMatchObject({ exit: 0, stderr: expect.stringContaining('Nothing is taken from an earlier release') });
});
