/** What is written of a running release, how often, and that a crash between two writes changes no verdict. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { outcomePacker } from '../metrics/stored-outcomes.ts';
import type { Release } from '../rollout/release.ts';
import { bucketOf, isCandidateBucket } from '../traffic/assignment.ts';
import { evidenceFolder } from './evidence.ts';
import { ARTIFACT, type Bench, exposed, openBench } from './world.test-support.ts';

const pause = { kind: 'pause', actor: 'ann' } as const;
const resume = { kind: 'resume', actor: 'ann' } as const;
let bench: Bench;
let release: Release;
let users = 0;
/** Monotonic times at which evidence was written. */
let written: number[];

beforeEach(async () => {
  bench = await openBench({ withRealEvidence: true });
  release = await exposed(bench);
  users = 0;
  written = [];
  watch();
});
afterEach(async () => bench.close());

function watch(): void {
  const { store } = bench;
  const real = store.saveRelease.bind(store);
  const saveRelease: typeof store.saveRelease = (...args) => {
    if (args[3]?.snapshot) written.push(bench.clock.monotonicMs());
    return real(...args);
  };
  Object.assign(store, { saveRelease });
}

/** Outcomes of ten new users. `slower`: what the candidate's latency is multiplied by. */
async function arrive(slower = 1): Promise<void> {
  const packer = outcomePacker();
  for (const last = users + 10; users < last; users++) {
    const unit = `u${users}`;
    const isCandidate = isCandidateBucket(bucketOf(release.id, unit), release.weight);
    const version = isCandidate ? release.version : release.baseline!;
    const latencyMs = (100 + ((users * 37) % 61)) * (isCandidate ? slower : 1);
    packer.add({ artifact: ARTIFACT, version, unit, latencyMs }, bench.clock.nowMs());
  }
  const batch = { client: null, sequence: null, artifact: ARTIFACT, receivedAt: bench.clock.nowMs() };
  await bench.store.appendOutcomes([{ ...batch, outcomes: packer.packed() }]);
}

async function look(stepMs: number, slower = 1): Promise<void> {
  await arrive(slower);
  bench.clock.advance(stepMs);
  await bench.controller.passAll();
}

const gapsOf = (times: readonly number[]) => times.slice(1).map((at, i) => at - times[i]!);
const stored = async () => (await bench.store.getRelease(release.id))!.state as unknown as Release;

describe('evidence', () => {
  test('is written every 10 s and not more often, however much arrives and whatever is commanded meanwhile', async () => {
    for (let second = 0; second < 100; second++) {
      await look(500);
      if (second % 3 === 0) await bench.controller.command(release.id, second % 2 === 0 ? pause : resume);
    }
    expect((await bench.controller.release(release.id))?.stageIndex).toBe(0);
    expect(written.length).toBeGreaterThan(3);
    expect(Math.min(...gapsOf(written))).toBeGreaterThanOrEqual(10_000);
    expect(Math.max(...gapsOf(written))).toBeLessThanOrEqual(11_000);
  });

  test('goes along at once where the stage is left: the next one must not hear its outcomes again', async () => {
    for (let at = 0; at < 90 && (await stored()).stageIndex === 0; at++) await look(1_000);
    expect((await stored()).stageIndex).toBe(1);
    expect(written.at(-1)).toBe(bench.clock.monotonicMs());
    await bench.crash();
    watch();
    await look(1);
    expect((await bench.controller.release(release.id))?.verdict?.reason).toMatch(/^\d of 50 candidate/);
  });

  test('keeps the outcomes that came after it', async () => {
    for (let at = 0; at < 25; at++) await look(1_000);
    const { offset } = (await bench.store.getSnapshot(release.id))!;
    expect(await bench.store.readOutcomes(ARTIFACT, 0, 100)).toHaveLength(
      (await bench.store.readOutcomes(ARTIFACT, offset, 100)).length,
    );
    expect((await bench.store.readOutcomes(ARTIFACT, offset, 100)).length).toBeGreaterThan(2);
  });

  test('that another actor folded, saved and dropped is taken over from there', async () => {
    for (let at = 0; at < 8; at++) await look(1_000);
    const { store, clock } = bench;
    for (let at = 0; at < 8; at++) await arrive();
    const quiet = () => undefined;
    const other = await evidenceFolder(release, { store, clock, log: { info: quiet, warn: quiet, error: quiet } });
    const verdict = await other.judge(release);
    const snapshot = other.snapshot()!;
    const row = (await store.getRelease(release.id))!;
    await store.saveRelease(row, row.stateVersion, [], { snapshot });
    await store.trimOutcomes(ARTIFACT, snapshot.offset);
    await bench.controller.command(release.id, pause).catch(quiet);
    await bench.controller.passAll();
    expect((await bench.controller.release(release.id))?.verdict).toEqual(verdict);
  });
});

describe('a crash between two writes', () => {
  /** The verdict after every look, with a crash after the given ones; a pause lies between. */
  async function verdicts(crashes: readonly number[], slower: number): Promise<string[]> {
    const said: string[] = [];
    for (let at = 0; at < 58 && (await stored()).phase === 'rollingOut'; at++) {
      await look(700, slower);
      if (at === 20) await bench.controller.command(release.id, pause);
      if (at === 30) await bench.controller.command(release.id, resume);
      said.push(JSON.stringify((await bench.controller.release(release.id))?.verdict));
      if (!crashes.includes(at)) continue;
      await bench.crash();
      watch();
    }
    return said;
  }

  test.each([1, 1.1])('changes no verdict to the byte, the candidate %d times as slow', async slower => {
    const whole = await verdicts([], slower);
    await bench.close();
    bench = await openBench({ withRealEvidence: true });
    release = await exposed(bench);
    users = 0;
    expect(await verdicts([3, 21, 22, 29, 44], slower)).toEqual(whole);
    expect(whole.length).toBeGreaterThan(23);
    expect(slower > 1).toBe(whole.at(-1)!.includes('"fail"'));
  });
});
