/**
 * Hears what other replicas have committed, on a connection of its own: LISTEN belongs to a session, and a pool's change
 * hands. A lost connection is made anew with growing pauses, and that itself is a change: whatever was said meanwhile was
 * not heard. Wakes and nothing more; what it misses, the polling finds.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { systemClock } from '../clock.ts';
import { cutOff, type SessionOptions, sessionConfig } from './postgres-pool.ts';
import { fromPayload } from './postgres-rules.ts';
import type { Change } from './store.ts';

/** Pauses before another attempt: doubled up to the last. */
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 2_000;
/** A peer that is gone without a word (a cut cable, a stopped server) is found out by asking. */
const ASK_EVERY_MS = 5_000;

export interface Listener {
  onChange(listener: (change: Change) => void): () => void;
  close(): Promise<void>;
}

export function newSender(): string {
  return randomBytes(6).toString('hex');
}

/** Resolves when the first connection listens. @throws what the driver throws, when there is none */
export async function listen(session: SessionOptions, channel: string, self: string): Promise<Listener> {
  const listeners = new Set<(change: Change) => void>();
  const closing = new AbortController();
  let client: pg.Client | undefined;
  let following: Promise<void> = Promise.resolve();

  function tell(change: Change | undefined): void {
    if (change !== undefined) for (const listener of listeners) listener(change);
  }

  async function connect(): Promise<pg.Client> {
    const fresh = new pg.Client(sessionConfig(session));
    fresh.on('error', () => undefined);
    fresh.on('notification', ({ payload = '' }) => tell(fromPayload(payload, self)));
    try {
      await fresh.connect();
      await fresh.query(`listen "${channel}"`);
      return fresh;
    } catch (error) {
      drop(fresh);
      throw error;
    }
  }

  /** Until the connection ends, or a question has no answer. */
  async function untilLost(held: pg.Client): Promise<void> {
    const gone = new AbortController();
    held.once('end', () => gone.abort());
    const over = AbortSignal.any([gone.signal, closing.signal]);
    while (!over.aborted) {
      await systemClock.sleep(ASK_EVERY_MS, over);
      if (over.aborted) return;
      const isThere = await held.query('select 1').then(
        () => true,
        () => false,
      );
      if (!isThere) return;
    }
  }

  async function follow(first: pg.Client): Promise<void> {
    let held: pg.Client | undefined = first;
    let pauseMs = FIRST_PAUSE_MS;
    while (!closing.signal.aborted) {
      if (held === undefined) {
        await systemClock.sleep(pauseMs * (0.5 + Math.random() / 2), closing.signal);
        pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
        held = await connect().catch(() => undefined);
        if (held === undefined) continue;
        pauseMs = FIRST_PAUSE_MS;
        tell({ of: 'everything' });
      }
      client = held;
      await untilLost(held);
      drop(held);
      held = undefined;
    }
  }

  client = await connect();
  following = follow(client);
  return {
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closing.abort();
      if (client) drop(client);
      await following;
    },
  };
}

/** Not waited for: a server that hangs does not say goodbye, and a listener has nothing under way. */
function drop(client: pg.Client): void {
  void client.end().catch(() => undefined);
  setImmediate(() => cutOff(client));
}
