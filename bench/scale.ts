/**
 * Memory of one server: idle, and with 1,000 releases that are being rolled out and judged at least every second while
 * outcomes arrive. The server is a process of its own; this one counts its passes from the outside, by the stage clocks.
 * Goal: at most 512 MiB, and no release longer than a second without a pass.
 *
 *   node bench/scale.ts [releases] [seconds]
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { quantileOfSorted } from '../src/stats/quantile.ts';
import { serveProcess } from './serve-process.ts';

const releases = Number(process.argv[2] ?? 1000);
const seconds = Number(process.argv[3] ?? 20);
const server = await serveProcess(tmpdir());
const { call } = server;

const rssMiB = () =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]) / 1024);
const cpuSeconds = () => {
  const [user, system] = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(' ').slice(13, 15).map(Number);
  return (user! + system!) / 100;
};
const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

try {
  await sleep(2_000);
  console.log(`idle server: ${rssMiB()} MiB`);

  const artifact = (at: number) => `bot-${at}`;
  const versions = new Map<string, { baseline: string; candidate: string }>();
  const begin = async (at: number, text: string) => {
    const name = artifact(at);
    const prompt = `apiVersion: spillway.dev/v1alpha1\nkind: Prompt\nmetadata: { name: ${name} }\nspec: { template: "${text} {{question}}" }\n`;
    const document = {
      apiVersion: 'spillway.dev/v1alpha1',
      kind: 'Pipeline',
      metadata: { name },
      spec: { target: { prompt: { file: 'p.yaml' } }, rollout: { stage: { hold: '30m', timeout: '60m' } } },
    };
    await call('PUT', `/api/v1/pipelines/${name}`, { document, files: { 'p.yaml': prompt } });
    return (await call<{ version: string }>('POST', '/api/v1/releases', { pipeline: name })).version;
  };
  const batch = 20;
  for (const text of ['one', 'two']) {
    for (let at = 0; at < releases; at += batch) {
      const made = await Promise.all(
        Array.from({ length: Math.min(batch, releases - at) }, (_, i) => begin(at + i, text)),
      );
      made.forEach((version, i) => {
        const before = versions.get(artifact(at + i));
        versions.set(
          artifact(at + i),
          before ? { baseline: before.baseline, candidate: version } : { baseline: version, candidate: version },
        );
      });
    }
    await sleep(3_000);
  }
  const send = async (round: number) => {
    for (let at = 0; at < releases; at += 10) {
      const outcomes = Array.from({ length: Math.min(10, releases - at) }, (_, i) => i + at).flatMap(index =>
        (['baseline', 'baseline', 'baseline', 'baseline', 'candidate'] as const).map((arm, i) => ({
          artifact: artifact(index),
          version: versions.get(artifact(index))![arm],
          unit: `user-${round}-${i}`,
          latencyMs: 50 + 10 * i,
        })),
      );
      await call('POST', '/api/v1/outcomes', { outcomes });
    }
  };
  for (let round = 0; round < 5; round++) await send(round);
  const elapsed = async () => {
    const { releases: page } = await call<{ releases: { stageClock?: { elapsedMs: number } }[] }>(
      'GET',
      '/api/v1/releases?active=true&limit=1000',
    );
    return page.map(({ stageClock }) => stageClock?.elapsedMs ?? 0);
  };
  const before = await elapsed();
  const startedAt = performance.now();
  const cpuBefore = cpuSeconds();
  let worst = 0;
  for (let second = 0; second < seconds; second++) {
    await sleep(1_000);
    worst = Math.max(worst, rssMiB());
  }
  const tookMs = performance.now() - startedAt;
  const cpu = (cpuSeconds() - cpuBefore) / (tookMs / 1000);
  const after = await elapsed();
  // The stage clock counts the gaps between passes: one that lags has not been looked at.
  const lags = after.map((ms, at) => tookMs - (ms - before[at]!)).sort((a, b) => a - b);
  console.log(
    `${after.length} active releases: ${rssMiB()} MiB (highest ${worst}), ${(cpu * 100).toFixed(0)} % of one core`,
  );
  console.log(
    `time since the last pass: median ${quantileOfSorted(lags, 0.5).toFixed(0)} ms, longest ${lags.at(-1)!.toFixed(0)} ms`,
  );
} finally {
  await server.stop();
}
