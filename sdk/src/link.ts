/**
 * The stream and the state it feeds, with the lease on candidates: only events that made sense renew it, on the
 * monotonic clock. Comments and garbage do not: a proxy may send them while the server behind it is gone.
 */
import { parseEvent } from './protocol.ts';
import { createState, type Resolved, type Unresolved } from './state.ts';
import { keepStream } from './stream.ts';
import type { Timers } from './timers.ts';

/** How long a unit may be exposed to a candidate after the server was last heard. */
const LEASE_MS = 15_000;

interface LinkOptions {
  /** Of the assignment stream; undefined when the app's URL cannot be used: then nothing is ever heard. */
  url: URL | undefined;
  headers: Readonly<Record<string, string>>;
  timers: Timers;
  random: () => number;
}

export interface LinkStats {
  /** The stream is up and the whole state has come over it. */
  connected: boolean;
  /** When the server was last heard, RFC 3339 UTC; null when never. */
  lastUpdateAt: string | null;
  /** Events that were skipped: not JSON, or not of their shape. */
  malformedEvents: number;
  /** Assignments that were dropped: of an epoch already passed. */
  staleEvents: number;
  /** Why it is not connected; null when it is, or still tries for the first time. */
  lastError: string | null;
}

interface Link {
  resolve(key: string, unit: string | undefined): Resolved | Unresolved;
  stats(): LinkStats;
  /** Whether the whole state has been received; waits for it up to the time-out. */
  ready(timeoutMs: number): Promise<boolean>;
  close(): void;
}

export function openLink(options: LinkOptions): Link {
  const { timers } = options;
  const state = createState();
  const waiting = new Set<() => void>();
  let heardMs = Number.NEGATIVE_INFINITY;
  let heardAtMs = 0;
  let closed = false;
  const stats: LinkStats = {
    connected: false,
    lastUpdateAt: null,
    malformedEvents: 0,
    staleEvents: 0,
    lastError: options.url ? null : 'url: expected http://host or https://host, without user and password',
  };

  function settle() {
    for (const done of waiting) done();
  }

  const stream =
    options.url &&
    keepStream({
      ...options,
      url: options.url,
      onOpen: () => state.begin(),
      onMessage(message) {
        const event = parseEvent(message);
        if (!event) {
          stats.malformedEvents++;
          return false;
        }
        if (!state.apply(event)) stats.staleEvents++;
        heardMs = timers.monotonicMs();
        heardAtMs = timers.nowMs();
        if (event.kind === 'synced') {
          stats.connected = true;
          stats.lastError = null;
          settle();
        }
        return true;
      },
      onDown(why) {
        stats.connected = false;
        stats.lastError = why;
      },
    });

  return {
    resolve: (key, unit) => state.resolve(key, unit, timers.monotonicMs() - heardMs <= LEASE_MS),
    stats: () => ({ ...stats, lastUpdateAt: heardAtMs > 0 ? new Date(heardAtMs).toISOString() : null }),
    ready: timeoutMs =>
      new Promise(resolve => {
        if (state.isSynced() || closed) return resolve(state.isSynced());
        const done = () => {
          cancel();
          waiting.delete(done);
          resolve(state.isSynced());
        };
        const cancel = timers.after(timeoutMs, done);
        waiting.add(done);
      }),
    close() {
      closed = true;
      stats.connected = false;
      stream?.close();
      settle();
    },
  };
}
