/**
 * Outcomes on their way to the server: a bounded queue and one sender, one request in flight. A batch keeps its body,
 * (client, sequence) included, however often it is tried, so that the server counts it once. Nothing here throws or
 * waits on the app's path; what is lost is counted.
 */
import type { Answer, Poster } from './http.ts';
import { describe } from './http.ts';
import type { Outcome, WireOutcome } from './outcome.ts';
import { toWire } from './outcome.ts';
import { isObject, parseJson } from './protocol.ts';
import type { Timers } from './timers.ts';
import { backoffMs } from './timers.ts';

export const LONGEST_QUEUE = 10_000;
const LARGEST_BATCH = 100;
const LINGER_MS = 100;
const ATTEMPT_MS = 5_000;
const LONGEST_RETRY_AFTER_MS = 600_000;

interface OutcomeOptions {
  client: string;
  poster: Poster;
  timers: Timers;
  random: () => number;
}

export interface OutcomeSender {
  report(outcome: Outcome): void;
  /** Not yet answered, in flight included. */
  queued(): number;
  /** Lost since the start: queue full, invalid, refused by the server, or not sent in time at the end. */
  dropped(): number;
  /** The last failure, without secrets; undefined after a success. */
  lastError(): string | undefined;
  /** Sends what is left, for at most `withinMs`; the rest is dropped. */
  close(withinMs: number): Promise<void>;
}

type Verdict = { kind: 'done' } | { kind: 'refused' } | { kind: 'again'; afterMs: number };

export function outcomeSender(options: OutcomeOptions): OutcomeSender {
  const { client, poster, timers } = options;
  let queue: WireOutcome[] = [];
  let inFlight = 0;
  let dropped = 0;
  let sequence = 0;
  let numbered = 0;
  let lastError: string | undefined;
  let pumping: Promise<void> | undefined;
  let cancelLinger: (() => void) | undefined;
  let closing = false;
  let abandoned = false;
  let wake = () => {};
  let abort = () => {};

  function report(outcome: Outcome) {
    const wire = closing ? undefined : toWire(outcome, timers.nowMs());
    if (!wire) {
      dropped++;
      return;
    }
    wire.id ??= `${client}-${++numbered}`;
    if (queue.push(wire) > LONGEST_QUEUE) {
      queue.shift();
      dropped++;
    }
    if (queue.length >= LARGEST_BATCH) pump();
    else linger();
  }

  function linger() {
    if (!pumping) cancelLinger ??= timers.after(LINGER_MS, pump);
  }

  function pump() {
    cancelLinger?.();
    cancelLinger = undefined;
    pumping ??= sendAll().finally(() => {
      pumping = undefined;
      if (queue.length > 0 && !abandoned) linger();
    });
  }

  /** At least one batch; then whatever is full, and at the end everything. */
  async function sendAll() {
    do {
      const batch = queue.splice(0, LARGEST_BATCH);
      inFlight = batch.length;
      if (!(await deliver(JSON.stringify({ client, sequence: ++sequence, outcomes: batch })))) dropped += batch.length;
      inFlight = 0;
    } while (!abandoned && (queue.length >= LARGEST_BATCH || (closing && queue.length > 0)));
  }

  /** False when the batch is lost. */
  async function deliver(body: string): Promise<boolean> {
    for (let attempt = 0; !abandoned; attempt++) {
      const verdict = await tryOnce(body);
      if (verdict.kind !== 'again') return verdict.kind === 'done';
      if (!abandoned) await pause(verdict.afterMs + backoffMs(attempt, options.random));
    }
    return false;
  }

  async function tryOnce(body: string): Promise<Verdict> {
    const controller = new AbortController();
    const { signal } = controller;
    abort = () => controller.abort();
    const cancel = timers.after(ATTEMPT_MS, abort);
    try {
      return judge(await Promise.race([poster.post(body, signal), rejectionOn(signal)]));
    } catch (error) {
      lastError = signal.aborted ? `no answer within ${ATTEMPT_MS / 1000} s` : describe(error);
      return { kind: 'again', afterMs: 0 };
    } finally {
      cancel();
    }
  }

  function judge(answer: Answer): Verdict {
    const { status } = answer;
    if (status >= 200 && status < 300) {
      const rejected = rejectedIn(answer.body);
      dropped += rejected.count;
      lastError = rejected.count > 0 ? `${rejected.count} outcomes rejected, the first: ${rejected.first}` : undefined;
      return { kind: 'done' };
    }
    lastError = `the server answered HTTP ${status}`;
    if (status !== 408 && status !== 429 && status < 500) return { kind: 'refused' };
    return { kind: 'again', afterMs: retryAfterMs(answer.retryAfter, timers.nowMs()) };
  }

  function pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = timers.after(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  }

  return {
    report,
    queued: () => queue.length + inFlight,
    dropped: () => dropped,
    lastError: () => lastError,
    async close(withinMs) {
      closing = true;
      const cancel = timers.after(withinMs, () => {
        abandoned = true;
        abort();
        wake();
      });
      wake(); // a batch that waits for its next attempt gets it now
      while (pumping || (queue.length > 0 && !abandoned)) {
        pump();
        await pumping;
      }
      cancel();
      cancelLinger?.();
      dropped += queue.length;
      queue = [];
      poster.close();
    },
  };
}

function rejectedIn(body: string): { count: number; first: string } {
  const answer = parseJson(body);
  const rejected = isObject(answer) && Array.isArray(answer['rejected']) ? answer['rejected'] : [];
  const first: unknown = rejected[0];
  return { count: rejected.length, first: isObject(first) ? String(first['code']).slice(0, 100) : '' };
}

/** Seconds or a date (RFC 9110, 10.2.3); what is neither counts as nothing. */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  if (!header) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

function rejectionOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true }),
  );
}
