/**
 * From the decision to roll back until every connected SDK resolves the baseline, through the whole product: a real
 * server process, its engine, journal and store; the SDKs are real ones, all in this process. Goal: p99 ≤ 50 ms.
 *
 *   node bench/rollback-to-sdks.ts [sdks] [rounds]
 */
import { join } from 'node:path';
import { type Connection, connect } from '../sdk/src/index.ts';
import { quantileOfSorted } from '../src/stats/quantile.ts';
import { serveProcess } from './serve-process.ts';

const sdks = Number(process.argv[2] ?? 1_000);
const rounds = Number(process.argv[3] ?? 20);
const BUDGET_MS = 50;
const KEY = 'support-bot';

// Beside the repository, not in a file system in memory: the sync to disk is part of what is measured.
const server = await serveProcess(join(import.meta.dirname, '..'));
const { url } = server;
const connections: Connection[] = [];

interface Release {
  id: string;
  phase: string;
  version: string;
  rollback?: { at: string; clocks?: { decisionToWriteMs: number } };
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  while (!(await done())) {
    if (performance.now() > giveUpAt) throw new Error('waited 30 s in vain');
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

try {
  const prompt = `apiVersion: spillway.dev/v1alpha1\nkind: Prompt\nmetadata: { name: ${KEY} }\nspec: { template: "first {{question}}" }\n`;
  const document = {
    apiVersion: 'spillway.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: KEY },
    spec: { target: { prompt: { file: 'p.yaml' } } },
  };
  await server.call('PUT', `/api/v1/pipelines/${KEY}`, { document, files: { 'p.yaml': prompt } });
  const first = await server.call<Release>('POST', '/api/v1/releases', { pipeline: KEY });
  await until(async () => (await server.call<Release>('GET', `/api/v1/releases/${first.id}`)).phase === 'succeeded');
  for (let count = 0; count < sdks; count++) {
    const connection = connect({ url });
    connections.push(connection);
    if (count % 50 === 49) await connection.ready(30_000);
  }
  for (const connection of connections)
    if (!(await connection.ready(30_000))) throw new Error('an SDK did not connect');

  const delays: number[] = [];
  const writes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const spec = { template: `version ${round} of the prompt, ${'with some length '.repeat(40)} {{question}}` };
    const { id, version } = await server.call<Release>('POST', '/api/v1/releases', { pipeline: KEY, spec });
    let unit = '';
    const last = connections.at(-1)!;
    const isOnCandidate = (of: Connection) => of.prompt(KEY, { unit }).version === version;
    await until(() => {
      for (let user = 0; user < 500; user++) {
        unit = `user-${user}`;
        if (isOnCandidate(last)) return connections.every(isOnCandidate);
      }
      return false;
    });
    const restoredAt: number[] = [];
    // In the order of the connections, in which they are written to: looking at all in each turn would slow them down. An
    // SDK behind a slower one counts as late as that one, so the figures are upper bounds.
    const watching = (async () => {
      while (restoredAt.length < connections.length) {
        while (restoredAt.length < connections.length && !isOnCandidate(connections[restoredAt.length]!))
          restoredAt.push(performance.timeOrigin + performance.now());
        await new Promise(resolve => setTimeout(resolve, 1));
      }
    })();
    const release = await server.call<Release>('POST', `/api/v1/releases/${id}/rollback`, { reason: 'bench' });
    await watching;
    const decidedAt = Date.parse(release.rollback!.at); // to the millisecond, cut: the delay is at most 1 ms too long
    if (round > 1) {
      delays.push(...restoredAt.map(at => at - decidedAt));
      writes.push(release.rollback!.clocks?.decisionToWriteMs ?? 0);
    }
  }
  delays.sort((a, b) => a - b);
  writes.sort((a, b) => a - b);
  const at = (values: number[], share: number) => quantileOfSorted(values, share).toFixed(1);
  console.log(
    `decision → ${sdks} SDKs on the baseline: p50 ${at(delays, 0.5)} ms, p99 ${at(delays, 0.99)} ms, max ${at(delays, 1)} ms (budget p99 ${BUDGET_MS} ms)`,
  );
  console.log(
    `of which journal, live route and push in the server: p50 ${at(writes, 0.5)} ms, max ${at(writes, 1)} ms`,
  );
} finally {
  await Promise.all(connections.map(connection => connection.close()));
  await server.stop();
}
