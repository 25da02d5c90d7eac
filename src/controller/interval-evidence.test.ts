import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ManualClock, manualClock } from '../clock.ts';
import type { Plan } from '../config/plan.ts';
import type { FailureCode } from '../errors.ts';
import type { Gap, MetricSource, Polled } from '../metrics/metric-source.ts';
import { inStage, samplePlan } from '../rollout/release.test-support.ts';
import type { Release } from '../rollout/release.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { intervalFolder } from './interval-evidence.ts';

let folder: string;
let clock: ManualClock;
let store: Store;
let warnings: string[];
let woken: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-intervals-'));
  clock = manualClock();
  store = await openSqliteStore({ folder, clock });
  warnings = [];
  woken = 0;
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const PROMETHEUS = { queries: { template: 'traefik' }, silentAfterMs: 20_000, thresholds: [] };

function plan(): Plan {
  const sample = samplePlan();
  return { ...sample, regression: { ...sample.regression, metrics: [] }, metrics: { prometheus: PROMETHEUS } };
}

/** In stage `index` of 10, 25, 50 and 100 %; 4 is the bake. */
function at(index: number): Release {
  const release = inStage(Math.min(index, 3), 0, { plan: plan() });
  return index < 4 ? release : { ...release, phase: 'baking', weight: 100 };
}

/** A source in the hands of the test: answers what is put into it, else that no scrape was made since. */
function scripted() {
  const script: Polled[] = [];
  const opened: (string | undefined)[] = [];
  const seen: { polls: number; closed: number; hangs: boolean; apartMs?: number } = {
    polls: 0,
    closed: 0,
    hangs: false,
  };
  const source: MetricSource = {
    async poll(nowMs) {
      seen.polls += 1;
      if (seen.hangs) return new Promise(() => undefined);
      return script.shift() ?? { silent: 'no scrape since', sinceMs: nowMs };
    },
    apartMs: () => seen.apartMs,
    async close() {
      seen.closed += 1;
    },
  };
  const quiet = () => undefined;
  const world = {
    store,
    clock,
    log: { info: quiet, error: quiet, warn: (_: unknown, message: string) => void warnings.push(message) },
    wake: () => void woken++,
    sourceFor(_release: Release, position?: Uint8Array) {
      opened.push(position && new TextDecoder().decode(position));
      return source;
    },
  };
  return { script, opened, seen, world, open: (release: Release) => intervalFolder(release, world) };
}

type Sizes = [baseline: number, candidate: number];

function interval([baseline, candidate]: Sizes, errors: Sizes = [0, 0], gaps: Gap[] = []): Polled {
  const requests = {
    baseline: { count: baseline, errors: errors[0] },
    candidate: { count: candidate, errors: errors[1] },
  };
  const position = () => new TextEncoder().encode(`after ${baseline}:${candidate}`);
  return { interval: { atMs: clock.nowMs(), requests }, gaps, position };
}
const failure = (code: FailureCode = 'METRICS_UNREACHABLE'): Polled => {
  return { silent: 'No connection to http://prom:9090', sinceMs: clock.nowMs(), code };
};

type Opened = Awaited<ReturnType<typeof intervalFolder>>;

/** Lets the next look in the background happen, and says what is judged then. */
async function looked(evidence: Opened, release: Release, ms = 1_000) {
  clock.advance(ms);
  void (await evidence.judge(release)); // also starts the looks where they rest
  await new Promise(resolve => setImmediate(resolve));
  return evidence.judge(release);
}

async function fed(evidence: Opened, release: Release, source: ReturnType<typeof scripted>, polled: Polled[]) {
  let verdict = await evidence.judge(release);
  for (const next of polled) {
    source.script.push(next);
    verdict = await looked(evidence, release);
  }
  return verdict;
}
const healthy = (n: number, sizes: Sizes = [900, 100]) => Array.from({ length: n }, () => interval(sizes));
const requestsIn = ({ metrics }: { metrics: { name: string; n: { baseline: number; candidate: number } }[] }) =>
  metrics.find(({ name }) => name === 'errors')!.n;

describe('a judgement', () => {
  test('folds what has arrived: an equal candidate passes, one that fails half its requests fails at the first interval', async () => {
    const [good, bad] = [scripted(), scripted()];
    expect(await fed(await good.open(at(0)), at(0), good, healthy(5))).toMatchObject({ kind: 'pass' });
    const verdict = await fed(await bad.open(at(0)), at(0), bad, [interval([900, 100], [1, 50])]);
    expect(verdict).toMatchObject({ kind: 'fail', metric: 'errors' });
  });

  test('asks for a pass when an interval arrives, and not for a look that found nothing', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    await fed(evidence, at(0), source, []);
    await looked(evidence, at(0));
    expect(woken).toBe(0);
    await fed(evidence, at(0), source, healthy(2));
    expect(woken).toBe(2);
  });

  test('never waits for a source that hangs', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    await fed(evidence, at(0), source, healthy(3));
    source.seen.hangs = true;
    clock.advance(19_000);
    expect((await looked(evidence, at(0))).kind).toBe('pass');
    expect(await looked(evidence, at(0))).toMatchObject({ kind: 'inconclusive', code: 'sourceSilent' });
  });

  test.each([
    [undefined, 20],
    [1_000, 20],
    [15_000, 6],
    [30_000, 3],
    [300_000, 2],
  ])('asks a source that counts every %s ms no more than %i times in ten seconds', async (apartMs, most) => {
    const source = scripted();
    if (apartMs !== undefined) source.seen.apartMs = apartMs;
    const evidence = await source.open(at(0));
    for (let step = 0; step < 100; step++) await looked(evidence, at(0), 100);
    expect(source.seen.polls).toBeLessThanOrEqual(most + 1);
    expect(source.seen.polls).toBeGreaterThanOrEqual(most - 1);
  });

  test('of too little says what the queries do not find', async () => {
    const source = scripted();
    const gap = { metric: 'requests', reason: 'the queries find no series of the candidate' };
    const verdict = await fed(await source.open(at(0)), at(0), source, [interval([900, 0], [0, 0], [gap])]);
    expect(verdict).toMatchObject({ code: 'notEnoughData', reason: expect.stringContaining(gap.reason) });
  });

  test.each([0, 1, 2, 3, 4])('breaks on nothing when the baseline alone has traffic, in stage %i', async index => {
    const source = scripted();
    const verdict = await fed(await source.open(at(index)), at(index), source, healthy(5, [1_000, 0]));
    expect(verdict).toMatchObject({ kind: 'inconclusive', code: 'notEnoughData' });
  });

  test.each([3, 4])('holds the candidate to its error limit where it has all traffic, in stage %i', async index => {
    const [good, bad] = [scripted(), scripted()];
    const sizes: Sizes = [0, 1_000];
    expect(await fed(await good.open(at(index)), at(index), good, healthy(3, sizes))).toMatchObject({ kind: 'pass' });
    const verdict = await fed(await bad.open(at(index)), at(index), bad, [interval(sizes, [0, 500])]);
    expect(verdict).toMatchObject({ kind: 'fail', trigger: 'errorRate' });
  });
});

describe('silence', () => {
  test('of a source that fails holds from the first failure, in its own words and since when; then it goes on', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    await fed(evidence, at(0), source, healthy(3));
    source.script.push(failure());
    expect(await looked(evidence, at(0))).toMatchObject({
      kind: 'inconclusive',
      code: 'sourceSilent',
      reason: 'No connection to http://prom:9090 (since 2026-01-01T00:00:03.000Z)',
    });
    const verdict = await fed(evidence, at(0), source, healthy(1));
    expect([verdict.kind, requestsIn(verdict)]).toEqual(['pass', { baseline: 3_600, candidate: 400 }]);
  });

  test('is a warning once, and not with every look', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    await fed(evidence, at(0), source, [...healthy(3), failure(), failure(), failure()]);
    expect(warnings).toEqual([expect.stringContaining('No connection to http://prom:9090')]);
    await fed(evidence, at(0), source, [...healthy(1), failure()]);
    expect(warnings.length).toBe(2);
  });

  test('does not take back a failure that was found', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    const verdict = await fed(evidence, at(0), source, [interval([900, 100], [1, 50]), failure()]);
    expect(verdict.kind).toBe('fail');
  });

  test('between two scrapes is none, until the time that the plan gives is over', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    await fed(evidence, at(0), source, healthy(3));
    expect((await looked(evidence, at(0), 20_000)).kind).toBe('pass');
    expect(await looked(evidence, at(0))).toMatchObject({
      code: 'sourceSilent',
      reason: expect.stringContaining('no scrape since (since 2026-'),
    });
  });

  test('is also when nobody sends a request, though scrapes go on', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    const verdict = await fed(evidence, at(0), source, [...healthy(3), ...healthy(21, [0, 0])]);
    expect(verdict).toMatchObject({ kind: 'inconclusive', code: 'sourceSilent' });
  });

  test('is told on the clock that does not jump', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    await fed(evidence, at(0), source, healthy(3));
    clock.jumpWall(3_600_000);
    expect((await looked(evidence, at(0))).kind).toBe('pass');
  });
});

describe('a stage that is left', () => {
  test('takes along what had arrived, and the interval across the change counts for neither', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    await fed(evidence, at(0), source, healthy(3));
    await evidence.judge(at(1));
    source.script.push(interval([750, 250], [0, 250]));
    const across = await looked(evidence, at(1));
    expect(across).toMatchObject({ kind: 'inconclusive', reason: expect.stringContaining('0 of 50') });
    expect(requestsIn(await fed(evidence, at(1), source, healthy(1, [750, 250])))).toEqual({
      baseline: 3_450,
      candidate: 550,
    });
  });

  test('counts its first interval when it is the first stage: before it the candidate had no traffic', async () => {
    const source = scripted();
    const verdict = await fed(await source.open(at(0)), at(0), source, healthy(1));
    expect(requestsIn(verdict).candidate).toBe(100);
  });
});

describe('a snapshot', () => {
  async function kept(evidence: Opened): Promise<number> {
    const { offset, bytes } = evidence.snapshot()!;
    await store.putSnapshot(at(0).id, offset, bytes);
    evidence.saved(offset);
    return offset;
  }

  test('is there when intervals were folded that are not saved, and counts them', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    expect(evidence.snapshot()).toBeUndefined();
    await fed(evidence, at(0), source, healthy(3));
    expect(await kept(evidence)).toBe(3);
    expect(evidence.snapshot()).toBeUndefined();
    await fed(evidence, at(0), source, healthy(2));
    expect(evidence.snapshot()?.offset).toBe(5);
  });

  test('goes on to the same verdict, from where the source stood after the last folded interval', async () => {
    const source = scripted();
    const first = await source.open(at(0));
    await fed(first, at(0), source, [...healthy(3), interval([800, 90], [3, 1])]);
    await kept(first);
    await fed(first, at(0), source, healthy(1)); // folded and lost with the process: the next source counts it again
    const whole = await first.judge(at(0));
    first.close!();
    const second = await source.open(at(0));
    expect(source.opened).toEqual([undefined, 'after 800:90']);
    expect(await fed(second, at(0), source, healthy(1))).toEqual(whole);
    expect(second.snapshot()?.offset).toBe(5);
  });

  test('of the stage before leaves out the interval across the change, also after a crash', async () => {
    const source = scripted();
    const first = await source.open(at(0));
    await fed(first, at(0), source, healthy(3));
    await kept(first); // saved with the advance; then the process dies
    first.close!();
    const next = await source.open(at(1));
    const verdict = await fed(next, at(1), source, [interval([750, 250], [0, 250])]);
    expect(verdict).toMatchObject({ kind: 'inconclusive', reason: expect.stringContaining('0 of 50') });
  });

  test('that cannot be read is left, with its position: evidence begins anew and says so', async () => {
    await store.putSnapshot(at(0).id, 7, new Uint8Array([0x86, 1, 2, 3]));
    const source = scripted();
    const evidence = await source.open(at(0));
    expect([source.opened, warnings.length]).toEqual([[undefined], 1]);
    await fed(evidence, at(0), source, healthy(1));
    expect(evidence.snapshot()?.offset).toBe(8);
  });
});

describe('looks in the background', () => {
  test('end some seconds after the last judgement, and begin again with the next', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    await looked(evidence, at(0));
    clock.advance(5_000);
    await new Promise(resolve => setImmediate(resolve));
    const rested = source.seen.polls;
    for (let second = 0; second < 10; second++) {
      clock.advance(1_000);
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(source.seen.polls).toBe(rested);
    await looked(evidence, at(0));
    expect(source.seen.polls).toBeGreaterThan(rested);
  });

  test('end with the folder, which closes its source', async () => {
    const source = scripted();
    const evidence = await source.open(at(0));
    await looked(evidence, at(0));
    evidence.close!();
    const { polls } = source.seen;
    await looked(evidence, at(0));
    expect(source.seen).toMatchObject({ polls, closed: 1 });
  });
});
