/**
 * The server under load, in a process of its own: real store (a temporary folder), registry, intake and HTTP; no engine
 * that judges, because what is measured is the wire. Forked by the benchmarks; says its port over the IPC channel.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import type { Controller } from '../src/controller/face.ts';
import { outcomeIntake } from '../src/metrics/intake.ts';
import { knownArtifact } from '../src/server/known-artifact.ts';
import { startServer } from '../src/server/serve.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { promptRegistry } from '../src/traffic/registry.ts';

export const ARTIFACT = 'support-bot';
export const BASELINE = `sha256:${'1'.repeat(64)}`;
export const CANDIDATE = `sha256:${'2'.repeat(64)}`;

const idle: Controller = {
  start: async () => {},
  stop: async () => {},
  createRelease: () => Promise.reject(new Error('not in this benchmark')),
  command: () => Promise.reject(new Error('not in this benchmark')),
  release: async () => undefined,
  releases: async () => ({ releases: [] }),
  wake: () => {},
  onEvent: () => () => {},
  load: () => ({ queued: 0, active: 0 }),
};

async function serve(): Promise<void> {
  // Beside the repository, not in a file system in memory: the sync to disk is part of what is measured.
  const folder = mkdtempSync(join(import.meta.dirname, '../.bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const clock = systemClock;
  const store = await openSqliteStore({ folder, clock });
  const registry = promptRegistry({ store, clock });
  for (const [version, text] of [
    [BASELINE, 'You answer questions about orders. '],
    [CANDIDATE, 'You answer questions about orders, briefly. '],
  ] as const) {
    const spec = { messages: [{ role: 'system', content: text.repeat(20) }], model: 'gpt-mini' };
    await store.putVersion({ artifact: ARTIFACT, version, spec, createdAt: 0, createdBy: 'bench', heldBy: null });
  }
  const route = { artifact: ARTIFACT, releaseId: 'r', salt: 'r', epoch: 1, weight: 50, rolledBack: null };
  await registry.writeRoute({ ...route, baseline: BASELINE, candidate: CANDIDATE });
  const intake = outcomeIntake({
    store,
    clock,
    known: artifact => knownArtifact(registry.assignment(artifact)),
    onStored: () => {},
  });
  const log = { info: () => {}, error: (fields: object) => console.error(fields) };
  const server = await startServer({ controller: idle, registry, store, intake, clock, log, port: 0 });
  process.send?.({ port: server.port });
  let epoch = 1;
  process.on('message', async message => {
    if (message === 'rollback' || message === 'expose') {
      epoch += 1;
      const decidedNs = process.hrtime.bigint();
      const weight = message === 'rollback' ? 0 : 50;
      await registry.writeRoute({ ...route, epoch, weight, baseline: BASELINE, candidate: CANDIDATE });
      process.send?.({ epoch, decidedNs: String(decidedNs) });
    }
    if (message === 'stop') {
      await server.close();
      await store.close();
      process.disconnect();
    }
  });
}

interface ForkedServer {
  port: number;
  /** Changes the weight; resolves with the new epoch and the time of the decision on the machine's monotonic clock. */
  change(to: 'rollback' | 'expose'): Promise<{ epoch: number; decidedNs: string }>;
  stop(): Promise<void>;
}

export async function forkServer(): Promise<ForkedServer> {
  const child = fork(import.meta.filename, ['serve']);
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', message => resolve((message as { port: number }).port));
    child.once('exit', code => reject(new Error(`the server ended with ${code}`)));
  });
  return {
    port,
    change(to) {
      const changed = new Promise<{ epoch: number; decidedNs: string }>(resolve =>
        child.once('message', message => resolve(message as { epoch: number; decidedNs: string })),
      );
      child.send(to);
      return changed;
    },
    async stop() {
      child.send('stop');
      await ended;
    },
  };
}

if (import.meta.main && process.argv[2] === 'serve') await serve();
