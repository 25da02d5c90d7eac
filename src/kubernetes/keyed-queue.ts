/**
 * Work by key: one at a time for each, asked for again meanwhile it runs once more, and a bounded number of keys at once. A
 * failure is the work's own to tell; it comes again after a pause that grows.
 */
import type { Clock } from '../clock.ts';
import { pauseMs } from '../kube/pause.ts';

export interface KeyedQueue {
  add(key: string): void;
  /** After a while; whatever asks for an earlier moment makes it earlier. */
  addAfter(key: string, delayMs: number): void;
  /** Nothing new begins; resolves when what runs has ended. */
  end(): Promise<void>;
}

interface Entry {
  isRunning: boolean;
  isAsked: boolean;
  failures: number;
  timer?: { stop: AbortController; dueMs: number } | undefined;
}

const AT_ONCE = 8;

/** @param work must not wait for long; a rejection is tried again */
export function keyedQueue(
  work: (key: string) => Promise<void>,
  { clock, random, onError }: { clock: Clock; random: () => number; onError: (key: string, error: unknown) => void },
): KeyedQueue {
  const entries = new Map<string, Entry>();
  const waiting: string[] = [];
  let running = 0;
  let isEnding = false;
  let settle = () => {};

  function entryOf(key: string): Entry {
    const entry = entries.get(key) ?? { isRunning: false, isAsked: false, failures: 0 };
    entries.set(key, entry);
    return entry;
  }

  function add(key: string): void {
    if (isEnding) return;
    const entry = entryOf(key);
    entry.timer?.stop.abort();
    entry.timer = undefined;
    if (entry.isAsked) return;
    entry.isAsked = true;
    if (entry.isRunning) return;
    waiting.push(key);
    next();
  }

  function next(): void {
    while (running < AT_ONCE && waiting.length > 0) void run(waiting.shift()!);
  }

  async function run(key: string): Promise<void> {
    const entry = entryOf(key);
    running += 1;
    entry.isRunning = true;
    entry.isAsked = false;
    try {
      await work(key);
      entry.failures = 0;
    } catch (error) {
      onError(key, error);
      addAfter(key, pauseMs(entry.failures++, random, error));
    }
    entry.isRunning = false;
    running -= 1;
    if (entry.isAsked && !isEnding) waiting.push(key);
    else if (!entry.timer) entries.delete(key);
    next();
    if (running === 0) settle();
  }

  function addAfter(key: string, delayMs: number): void {
    const entry = entryOf(key);
    const dueMs = clock.monotonicMs() + delayMs;
    if (isEnding || entry.isAsked || (entry.timer && entry.timer.dueMs <= dueMs)) return;
    entry.timer?.stop.abort();
    const stop = new AbortController();
    entry.timer = { stop, dueMs };
    void clock.sleep(delayMs, stop.signal).then(() => {
      if (stop.signal.aborted) return;
      entry.timer = undefined;
      add(key);
    });
  }

  return {
    add,
    addAfter,
    async end() {
      isEnding = true;
      waiting.length = 0;
      for (const { timer } of entries.values()) timer?.stop.abort();
      if (running === 0) return;
      await new Promise<void>(resolve => {
        settle = resolve;
      });
    },
  };
}
