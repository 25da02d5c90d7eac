/**
 * What an app holds: prompts in memory, kept current by the stream, and outcomes on their way back. The shell around the
 * pure parts. Nothing here throws into the app or waits for the server on its path; every doubt ends at the baseline,
 * and without one at the app's own fallback.
 */
import { randomUUID } from 'node:crypto';
import { fetchPoster, httpPoster, type Poster } from './http.ts';
import { type LinkStats, openLink } from './link.ts';
import type { Outcome } from './outcome.ts';
import { type OutcomeSender, outcomeSender } from './outcomes.ts';
import { deepFreeze, isObject, type Prompt } from './protocol.ts';
import type { Resolved, Unresolved } from './state.ts';
import { holdingProcess, systemTimers, type Timers } from './timers.ts';

const CLOSE_MS = 2_000;
const READY_MS = 5_000;

export interface ConnectOptions {
  /** Of the server, e.g. http://localhost:8085; a path prefix is kept. */
  url: string;
  token?: string;
  /** What to answer while the server does not know a prompt, or has never been reached. */
  fallback?: Readonly<Record<string, Prompt>>;
  /** Sends the outcomes, for apps with a proxy or instrumentation of their own. The stream is always node:http. */
  fetch?: typeof globalThis.fetch;
  /** For tests. */
  timers?: Timers;
  /** Uniform in [0, 1): the jitter of the back-off. For tests. */
  random?: () => number;
}

/** The app's own fallback answered, or nothing did. */
export interface Fallback {
  value: Prompt | undefined;
  version: undefined;
  variant: 'fallback';
  reason: 'ERROR';
  errorCode: Unresolved;
}

export type Resolution = (Resolved & { errorCode?: undefined }) | Fallback;

export interface Stats extends LinkStats {
  /** Outcomes lost since the start. */
  dropped: number;
  /** Outcomes not yet answered by the server. */
  queued: number;
  /** Why it is not connected, or why the last outcomes could not be delivered; null when all is well. No secrets. */
  lastError: string | null;
}

export interface Connection {
  /**
   * The prompt for a unit, from memory, at once. Never throws. `unit` is whoever must keep the same version throughout
   * a release (a user, a tenant, a conversation); without one it is the baseline.
   */
  prompt(key: string, options?: { unit?: string | undefined }): Resolution;
  /** What came of an answer. Queued and sent in the background; never throws. */
  report(outcome: Outcome): void;
  stats(): Stats;
  /** True as soon as the whole state is known, false after the time-out (default 5 s) or when closed before. */
  ready(timeoutMs?: number): Promise<boolean>;
  /** Ends the stream and sends the outcomes left, for at most 2 s. Prompts resolve on, from what is known. */
  close(): Promise<void>;
}

/** Begins to connect in the background and returns at once, whatever the options hold. */
export function connect(options: ConnectOptions): Connection {
  const { token, timers = systemTimers, random = Math.random } = options ?? {};
  // Trimmed: a token read from a file ends with a newline, which no header may hold.
  const headers: Record<string, string> = token ? { authorization: `Bearer ${String(token).trim()}` } : {};
  const base = toBase(options?.url);
  const link = openLink({ url: base && new URL('api/v1/assignments', base), headers, timers, random });
  const outcomes: OutcomeSender = outcomeSender({
    client: randomUUID(),
    poster: toPoster(base, headers, options?.fetch),
    timers,
    random,
  });
  const fallback = copyOf(options?.fallback);
  let closing: Promise<void> | undefined;

  return {
    prompt(key, of) {
      const found = link.resolve(key, unitOf(of));
      if (typeof found !== 'string') return found;
      return { value: fallback.get(key), version: undefined, variant: 'fallback', reason: 'ERROR', errorCode: found };
    },
    report: outcome => outcomes.report(outcome),
    stats: () => ({
      ...link.stats(),
      dropped: outcomes.dropped(),
      queued: outcomes.queued(),
      lastError: link.stats().lastError ?? outcomes.lastError() ?? null,
    }),
    ready: (timeoutMs = READY_MS) => holdingProcess(link.ready(timeoutMs)),
    close() {
      link.close();
      closing ??= holdingProcess(outcomes.close(CLOSE_MS));
      return closing;
    },
  };
}

/** Read once: what the app hands over may be a getter, and one that throws. */
function unitOf(options: { unit?: unknown } | undefined): string | undefined {
  try {
    const unit = options?.unit;
    return typeof unit === 'string' ? unit : undefined;
  } catch {
    return undefined;
  }
}

/** With a slash at the end, so that a path prefix stays when a path is added; undefined when it cannot be used. */
function toBase(url: unknown): URL | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  const base = new URL(url);
  if (base.protocol !== 'http:' && base.protocol !== 'https:') return undefined;
  if (base.username || base.password) return undefined; // a URL ends up in logs; there is `token`
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

function toPoster(base: URL | undefined, headers: Record<string, string>, fetch?: typeof globalThis.fetch): Poster {
  if (!base) return { post: () => Promise.reject(new Error('no url')), close: () => {} };
  const url = new URL('api/v1/outcomes', base);
  return fetch ? fetchPoster(url, headers, fetch) : httpPoster(url, headers);
}

/** A copy of our own, frozen like what the server sends: an edit in the app would otherwise change later answers. */
function copyOf(fallback: unknown): ReadonlyMap<string, Prompt> {
  if (!isObject(fallback)) return new Map();
  try {
    return new Map(Object.entries(deepFreeze(structuredClone(fallback)))) as Map<string, Prompt>;
  } catch {
    return new Map(Object.entries(fallback)) as Map<string, Prompt>; // holds what cannot be copied: taken as it is
  }
}
