/** A workload's release on the real controller, store and client, and a Prometheus over HTTP whose clock is in the hands of the test. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Plan } from '../config/plan.ts';
import { type CountedTraffic, countedTraffic } from '../metrics/prometheus/counted-traffic.test-support.ts';
import { plannedSource } from '../metrics/prometheus/planned-source.ts';
import { samplePlan } from '../rollout/release.test-support.ts';
import type { Release } from '../rollout/release.ts';
import { intervalFolder } from './interval-evidence.ts';
import { ARTIFACT, type Bench, openBench, promptOf } from './world.test-support.ts';

const TICK_MS = 250;
const REQUESTS_A_TICK = 50; // 200 a second
const backend = (service: string) => ({ namespace: 'shop', service, port: 80 });
const BACKENDS = { baseline: backend('web'), candidate: backend('web-candidate') };

let open: { bench: Bench; traffic: CountedTraffic }[] = [];
afterEach(async () => {
  for (const { bench, traffic } of open) {
    await bench.close();
    await traffic.close();
  }
  open = [];
});

function plan(weights: readonly number[], holdMs: number): Plan {
  const sample = samplePlan({ stage: { holdMs, timeoutMs: 600_000 }, bakeMs: 5_000 });
  const [stage] = sample.rollout.stages;
  const external = { group: '', kind: 'Service' };
  return {
    ...sample,
    target: {
      kubernetes: {
        namespace: 'shop',
        workload: {
          external: {
            baseline: { ...external, name: 'web' },
            candidate: { ...external, name: 'web-candidate' },
            version: '2',
          },
        },
        routes: [{ kind: 'HTTPRoute', namespace: 'shop', name: 'web' }],
        revertTemplate: true,
        promotionTimeoutMs: 600_000,
        drainMs: 5_000,
      },
    },
    rollout: { ...sample.rollout, stages: weights.map(weight => ({ ...stage!, weight })) },
    metrics: { prometheus: { queries: { template: 'traefik' }, silentAfterMs: 30_000, thresholds: [] } },
  };
}

/** Version 1 serves, and a release of version 2 begins. */
async function releasing({ weights = [25], seed = 1, holdMs = 10_000 } = {}) {
  let traffic: CountedTraffic | undefined;
  let polling: Promise<unknown> = Promise.resolve();
  const sources = { opened: 0, closed: 0 };
  const bench = await openBench({
    plan: plan(weights, holdMs),
    openEvidence: (release, world, wake) =>
      intervalFolder(release, {
        ...world,
        wake,
        sourceFor({ plan: { metrics } }, position) {
          const source = plannedSource(metrics!.prometheus, { prometheusUrl: traffic!.url }, BACKENDS, position);
          const poll = (nowMs: number) => {
            const polled = source.poll(nowMs);
            polling = polled;
            return polled;
          };
          sources.opened += 1;
          const close = () => {
            sources.closed += 1;
            return source.close();
          };
          return { ...source, poll, close };
        },
      }),
  });
  traffic = await countedTraffic(bench.clock, seed);
  open.push({ bench, traffic });
  const counted = traffic;
  await bench.controller.createRelease({ pipeline: ARTIFACT, spec: promptOf('v1'), actor: 'ann' });
  await bench.drive(async () => (await bench.active()) === undefined);
  const { id } = await bench.controller.createRelease({ pipeline: ARTIFACT, spec: promptOf('v2'), actor: 'ann' });

  /** A quarter of a second: requests by the live weight, a scrape where one is due, the look in the background, a pass. */
  async function tick(): Promise<void> {
    const weight = (await bench.registry.readRoute(ARTIFACT))?.weight ?? 0;
    bench.clock.advance(TICK_MS);
    const candidate = Math.round((REQUESTS_A_TICK * weight) / 100);
    counted.flow({ baseline: REQUESTS_A_TICK - candidate, candidate });
    await settled();
    await bench.controller.passAll();
    await settled();
  }

  async function settled(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve));
    await polling;
    await new Promise(resolve => setImmediate(resolve));
  }

  const release = async () => (await bench.controller.release(id)) as Release;

  async function until(done: (release: Release) => boolean, seconds = 120): Promise<Release> {
    for (let ticks = 0; ticks < (seconds * 1_000) / TICK_MS; ticks++) {
      const now = await release();
      if (done(now)) return now;
      await tick();
    }
    const { phase, stageIndex, verdict } = await release();
    throw new Error(`not within ${seconds} s: ${phase} ${stageIndex}, ${verdict?.reason}`);
  }
  const during = (seconds: number) => {
    const endMs = bench.clock.monotonicMs() + seconds * 1_000;
    return until(() => bench.clock.monotonicMs() >= endMs, seconds + 1);
  };
  return { bench, traffic: counted, sources, tick, until, during, release };
}

const inStage = (index: number) => (release: Release) =>
  release.phase === 'rollingOut' && release.stageIndex === index && release.stageElapsedMs > 0;
/** Requests of the candidate that were compared, over the whole release. */
const comparedIn = ({ verdict }: Release) => verdict!.metrics.find(({ name }) => name === 'errors')!.n.candidate;

describe('a workload whose requests are counted by Prometheus', () => {
  test('passes its stages when its candidate is as good, and succeeds', async () => {
    const { until, bench } = await releasing({ weights: [10, 25, 50, 100] });
    const ended = await until(({ phase }) => phase === 'succeeded', 60);
    expect(ended.rollback).toBeUndefined();
    expect(await bench.registry.readRoute(ARTIFACT)).toMatchObject({ baseline: ended.version, candidate: null });
  });

  test.each([1, 2, 3, 4, 5])(
    'is at weight 0 within 2 s of the first bad answers when half of them fail, at a quarter of 200 requests a second (seed %i)',
    async seed => {
      const { until, during, tick, bench, traffic } = await releasing({ seed });
      await until(inStage(0));
      await during(3 + seed / 4); // at another moment between two scrapes each
      traffic.failing.candidate = 0.5;
      const badSinceMs = bench.clock.monotonicMs();
      while ((await bench.registry.readRoute(ARTIFACT))!.weight > 0) {
        expect(bench.clock.monotonicMs() - badSinceMs).toBeLessThan(2_000);
        await tick();
      }
      const { rollback } = await until(({ phase }) => phase === 'rolledBack', 5);
      expect(rollback?.reason).toContain('errors');
    },
  );

  test('is at weight 0 within 2 s of its first request when it is bad from the start', async () => {
    const { until, tick, bench, traffic } = await releasing();
    traffic.failing.candidate = 0.5;
    await until(() => traffic.scraped().candidate > 0, 10);
    const firstScrapedMs = bench.clock.monotonicMs();
    while ((await bench.registry.readRoute(ARTIFACT))!.weight > 0) {
      expect(bench.clock.monotonicMs() - firstScrapedMs).toBeLessThan(2_000);
      await tick();
    }
  });

  test('is held with the reason while Prometheus is away for 60 s; then nothing is lost and nothing counted twice', async () => {
    const { until, during, traffic } = await releasing({ holdMs: 90_000 });
    const all = (release: Release) => comparedIn(release) === traffic.scraped().candidate;
    await until(inStage(0));
    await during(4);
    await until(all, 2);
    traffic.isAway = true;
    const held = await during(60);
    expect(held).toMatchObject({ phase: 'rollingOut', weight: 25, verdict: { code: 'sourceSilent' } });
    expect(held.verdict?.reason).toMatch(/^No connection to http.*\(since 2026-01-01T00:/);
    const counted = comparedIn(held);
    traffic.isAway = false;
    await during(1);
    const after = await until(all, 2);
    expect(comparedIn(after) - counted).toBeGreaterThanOrEqual(60 * 50);
    expect(after.verdict?.kind).toBe('pass');
    await until(({ phase }) => phase === 'succeeded', 60);
  });

  test('gets the same verdict from the same requests when Spillway dies in mid-stage and comes back after a while', async () => {
    const verdicts = [];
    for (const crashes of [false, true]) {
      const { until, during, traffic, bench } = await releasing({ seed: 9, holdMs: 600_000 });
      await until(inStage(0));
      await during(16); // past a checkpoint, and some seconds more
      if (crashes) await bench.crash();
      await during(10);
      const { verdict } = await until(release => comparedIn(release) === traffic.scraped().candidate, 2);
      const { n } = verdict!.metrics.find(({ name }) => name === 'latency')!;
      verdicts.push({ kind: verdict!.kind, n });
    }
    expect(verdicts[1]).toEqual(verdicts[0]);
    expect(verdicts[0]).toMatchObject({ kind: 'pass' });
  });

  test('leaves no source open when it ends, and none when Spillway stops or loses its state to another process', async () => {
    const { until, bench, sources } = await releasing({ holdMs: 30_000 });
    await until(inStage(0));
    await bench.restart();
    expect(sources).toEqual({ opened: 2, closed: 1 }); // the new process has looked at once
    await until(inStage(0));
    const stored = (await bench.store.activeRelease(ARTIFACT))!;
    await bench.store.saveRelease({ ...stored, leaseUntil: 0 }, stored.stateVersion, []);
    await until(() => sources.opened === 3, 30); // a checkpoint finds the other state, and reads all anew
    expect(sources.closed).toBe(2);
    await until(({ phase }) => phase === 'succeeded', 90);
    expect(sources).toEqual({ opened: 3, closed: 3 });
  });

  test('that turns bad while Spillway is dead is taken back by the first looks after its return', async () => {
    const { until, during, tick, traffic, bench } = await releasing({ holdMs: 600_000 });
    await until(inStage(0));
    await during(16);
    bench.faults.fail('saveRelease');
    await bench.controller.stop();
    traffic.failing.candidate = 0.5;
    for (let ticks = 0; ticks < 40; ticks++) {
      bench.clock.advance(TICK_MS);
      traffic.flow({ baseline: 38, candidate: 12 });
    }
    await bench.restart();
    await tick();
    await tick();
    expect(await bench.registry.readRoute(ARTIFACT)).toMatchObject({ weight: 0 });
  });
});
