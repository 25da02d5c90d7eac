import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { temporaryFolder } from '../temporary-folder.test-support.ts';
import { verifyChain } from './audit-chain.ts';
import { openSqliteStore } from './sqlite.ts';

const WRITER = join(import.meta.dirname, 'writer.test-support.ts');

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts a writer; `killAfter` acknowledged batches it is killed. Resolves to the last one that was acknowledged. */
async function write(client: string, count: number, killAfter = Number.POSITIVE_INFINITY): Promise<number> {
  const child = spawn(process.execPath, [WRITER, folder, client, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const exited = once(child, 'exit');
  let last = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (last >= killAfter) child.kill('SIGKILL');
  }
  const [code, signal] = await exited;
  expect(killAfter === Number.POSITIVE_INFINITY ? code : signal).toBe(
    killAfter === Number.POSITIVE_INFINITY ? 0 : 'SIGKILL',
  );
  return last;
}

describe('the SQLite store', () => {
  test('killed with SIGKILL in the middle of writing loses no acknowledged batch, and the chain stays whole', async () => {
    const acknowledged = new Map<string, number>();
    for (const [round, killAfter] of [3, 17, 40, 81, 120].entries()) {
      acknowledged.set(`c${round}`, await write(`c${round}`, 1_000_000, killAfter));
    }
    // The log that the last one left behind is read by a reader too.
    const reader = await openSqliteStore({ folder, clock: systemClock, readonly: true });
    const seen = await reader.listAudit();
    await reader.close();
    const store = await openSqliteStore({ folder, clock: systemClock });
    const batches = await store.readOutcomes('bot', 0, 1_000_000);
    const others = await store.readOutcomes('other', 0, 1_000_000);
    const events = await store.listAudit();
    await store.close();
    expect(seen).toEqual(events);
    for (const [client, last] of acknowledged) {
      const kept = batches.filter(batch => batch.client === client).map(({ sequence }) => sequence);
      expect(kept.length).toBeGreaterThanOrEqual(last);
      expect(kept).toEqual(kept.map((_, index) => index + 1));
      expect(events.filter(({ why }) => why.startsWith(`${client} `)).length).toBeGreaterThanOrEqual(last);
    }
    // Both batches of a call or none.
    expect(others.map(({ client, sequence }) => [client, sequence])).toEqual(
      batches.map(({ client, sequence }) => [client, sequence]),
    );
    expect(verifyChain(events).ok).toBe(true);
  });

  test('shared by two processes that write at once loses nothing', async () => {
    await Promise.all([write('left', 150), write('right', 150)]);
    const store = await openSqliteStore({ folder, clock: systemClock });
    const batches = await store.readOutcomes('bot', 0, 1000);
    const events = await store.listAudit();
    await store.close();
    expect(batches).toHaveLength(300);
    expect(verifyChain(events)).toMatchObject({ ok: true, events: 300 });
  });
});
