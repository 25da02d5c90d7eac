/**
 * One batch at a time, tried until the server has answered for good. A batch keeps its body, (client, sequence) included,
 * however often it is tried, so that the server counts it once. Never throws.
 */
import { type Answer, describe, type Poster } from './http.ts';
import { isObject, parseJson } from './protocol.ts';
import { backoffMs, type Timers } from './timers.ts';

const ATTEMPT_MS = 5_000;
const LONGEST_RETRY_AFTER_MS = 600_000;

export interface DeliveryOptions {
  poster: Poster;
  timers: Timers;
  random: () => number;
}

interface Delivery {
  /** How many of the `size` outcomes in the body were lost: refused by the server, or given up. */
  deliver(body: string, size: number): Promise<number>;
  /** Ends the wait for the next attempt. */
  hurry(): void;
  /** Ends the attempt as well, and makes no other. */
  abandon(): void;
  isAbandoned(): boolean;
  /** The last failure, without secrets; undefined after a success. */
  lastError(): string | undefined;
}

type Attempt = { kind: 'done'; rejected: number } | { kind: 'refused' } | { kind: 'again'; afterMs: number };

export function delivery({ poster, timers, random }: DeliveryOptions): Delivery {
  let lastError: string | undefined;
  let abandoned = false;
  let wake = () => {};
  let abort = () => {};

  async function deliver(body: string, size: number): Promise<number> {
    for (let attempt = 0; !abandoned; attempt++) {
      const tried = await tryOnce(body);
      if (tried.kind === 'done') return tried.rejected;
      if (tried.kind === 'refused') return size;
      if (!abandoned) await pause(tried.afterMs + backoffMs(attempt, random));
    }
    return size;
  }

  async function tryOnce(body: string): Promise<Attempt> {
    const controller = new AbortController();
    const { signal } = controller;
    abort = () => controller.abort();
    const cancel = timers.after(ATTEMPT_MS, abort);
    try {
      return read(await Promise.race([poster.post(body, signal), rejectionOn(signal)]));
    } catch (error) {
      lastError = signal.aborted ? `no answer within ${ATTEMPT_MS / 1000} s` : describe(error);
      return { kind: 'again', afterMs: 0 };
    } finally {
      cancel();
    }
  }

  function read(answer: Answer): Attempt {
    const { status } = answer;
    if (status >= 200 && status < 300) {
      const rejected = rejectedIn(answer.body);
      lastError = rejected.count > 0 ? `${rejected.count} outcomes rejected, the first: ${rejected.first}` : undefined;
      return { kind: 'done', rejected: rejected.count };
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
    deliver,
    hurry: () => wake(),
    abandon() {
      abandoned = true;
      abort();
      wake();
    },
    isAbandoned: () => abandoned,
    lastError: () => lastError,
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
