import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ManualClock, manualClock } from '../clock.ts';
import { outcomePacker } from '../metrics/stored-outcomes.ts';
import { inStage, samplePlan } from '../rollout/release.test-support.ts';
import type { Release } from '../rollout/release.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { bucketOf, isCandidateBucket } from '../traffic/assignment.ts';
import { evidenceFolder } from './evidence.ts';

const quiet = () => undefined;
const log = { info: quiet, warn: quiet, error: quiet };
let folder: string;
let clock: ManualClock;
let store: Store;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-evidence-'));
  clock = manualClock();
  store = await openSqliteStore({ folder, clock });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** In stage `index`, entered a minute after the one before. */
function at(index: number): Release {
  const entered = (stage: number) => new Date(Date.UTC(2026, 0, 1) + stage * 60_000).toISOString();
  const stages = samplePlan().rollout.stages.map(({ weight }, stage) => ({
    weight,
    ...(stage <= index ? { enteredAt: entered(stage) } : {}),
  }));
  return inStage(index, 0, { stages });
}

/** Healthy outcomes of `count` users, each on the arm that stage 0 gives it. */
async function arrive(count: number, release: Release, prefix = 'u'): Promise<void> {
  const packer = outcomePacker();
  for (let index = 0; index < count; index++) {
    const unit = `${prefix}${index}`;
    const isCandidate = isCandidateBucket(bucketOf(release.id, unit), release.weight);
    const version = isCandidate ? release.version : release.baseline!;
    packer.add(
      { artifact: release.artifact, version, unit, latencyMs: 100 + (index % 17), quality: 1 },
      clock.nowMs() + 30_000,
    );
  }
  const { artifact } = release;
  await store.appendOutcomes([
    { client: null, sequence: null, artifact, receivedAt: clock.nowMs(), outcomes: packer.packed() },
  ]);
}

const world = () => ({ store, clock, log });

test('goes on where its snapshot stands', async () => {
  const release = at(0);
  const first = await evidenceFolder(release, world());
  await arrive(400, release);
  await first.judge(release);
  const snapshot = first.snapshot()!;
  await store.putSnapshot(release.id, snapshot.offset, snapshot.bytes);
  await arrive(400, release, 'w');
  const second = await evidenceFolder(release, world());
  expect(await second.judge(release)).toEqual(await first.judge(release));
});

test('offers its snapshot again until it is known to be stored', async () => {
  const release = at(0);
  const evidence = await evidenceFolder(release, world());
  await arrive(400, release);
  await evidence.judge(release);
  const { offset } = evidence.snapshot()!; // the save fails
  expect(evidence.snapshot()?.offset).toBe(offset);
  evidence.saved(offset);
  expect(evidence.snapshot()).toBeUndefined();
});

test('outcomes of the stage before do not count in the next after a crash', async () => {
  const evidence = await evidenceFolder(at(0), world());
  await arrive(3_000, at(0));
  await evidence.judge(at(0));
  const { offset, bytes } = evidence.snapshot()!; // saved with the advance
  await store.putSnapshot(at(0).id, offset, bytes);
  const next = await evidenceFolder(at(1), world());
  expect((await next.judge(at(1))).reason).toContain('0 of 50');
});

test('ten minutes of silence are silence, also after the wall clock went back an hour', async () => {
  const release = at(0);
  const evidence = await evidenceFolder(release, world());
  await arrive(3_000, release);
  expect(await evidence.judge(release)).toMatchObject({ kind: 'pass' });
  clock.jumpWall(-3_600_000);
  clock.advance(600_000);
  expect(await evidence.judge(release)).toMatchObject({ kind: 'inconclusive', code: 'sourceSilent' });
});

test('a batch that cannot be read is left out, and the rest is judged', async () => {
  const release = at(0);
  const { artifact } = release;
  await store.appendOutcomes([
    { client: null, sequence: null, artifact, receivedAt: clock.nowMs(), outcomes: ['broken'] },
  ]);
  await arrive(3_000, release);
  const evidence = await evidenceFolder(release, world());
  expect(await evidence.judge(release)).toMatchObject({ kind: 'pass' });
});

test('a backlog is folded in several looks, and passes only when all of it is read', async () => {
  const release = at(0);
  for (let batch = 0; batch < 20; batch++) await arrive(200, release, `b${batch}-`);
  // Each reading of the clock takes 30 ms: two pages use a look up.
  const monotonicMs = () => {
    clock.advance(30);
    return clock.monotonicMs();
  };
  const slow = { ...clock, monotonicMs };
  const evidence = await evidenceFolder(release, { store, clock: slow, log });
  const verdicts: string[] = [];
  for (let look = 0; look < 10 && (look === 0 || evidence.isBehind()); look++)
    verdicts.push((await evidence.judge(release)).kind);
  expect(verdicts.length).toBeGreaterThan(1);
  expect(verdicts.slice(0, -1)).toEqual(verdicts.slice(0, -1).fill('inconclusive'));
  expect(verdicts.at(-1)).toBe('pass');
});
