/**
 * When a failed call is made again. Exponential back-off with full jitter: of the schemes compared by Brooker ("Exponential
 * Backoff And Jitter", AWS Architecture Blog, 2015) the one with the least work for the endpoint. An endpoint that says
 * how long to stay away is obeyed by every worker, through the gate.
 */
import type { Clock } from '../clock.ts';
import type { CallFailure } from './provider.ts';

export const BACKOFF_BASE_MS = 250;
export const BACKOFF_CAP_MS = 20_000;

/** Milliseconds before the next attempt, uniform in [0, min(cap, base × 2^(attempts − 1))); `attempts` ≥ 1 were made. */
export function backoffMs(attempts: number, random: () => number): number {
  return random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** (attempts - 1));
}

/** Too many requests, or overloaded: it concerns all calls to this endpoint, not the one that was refused. */
export function concernsAll(failure: CallFailure): boolean {
  return failure.retryAfterMs !== undefined && (failure.status === 429 || failure.status === 503);
}

/**
 * A failure that the next case would meet as well: a bad key, a model or an endpoint that is not there, never answers or
 * is overwhelmed. Other refusals (400, an answer that cannot be read) may be about the case itself.
 */
export function isHopeless(failure: CallFailure): boolean {
  const status = failure.status ?? 0;
  return failure.kind === 'network' || failure.kind === 'timeout' || status >= 500 || HOPELESS.has(status);
}

const HOPELESS = new Set([401, 403, 404, 408, 409, 429]);

export interface Gate {
  /** Nobody passes for this long, from now. */
  holdFor(ms: number): void;
  /** Whether there is anything to wait for. */
  isOpen(): boolean;
  /** Resolves when the gate is open, or when the stop signal aborts. */
  passed(stop: AbortSignal): Promise<void>;
}

export function makeGate(clock: Clock): Gate {
  let openAtMs = -Infinity;
  return {
    holdFor(ms) {
      openAtMs = Math.max(openAtMs, clock.monotonicMs() + ms);
    },
    isOpen: () => openAtMs <= clock.monotonicMs(),
    async passed(stop) {
      // Held again while it slept: sleep again.
      for (;;) {
        const waitMs = openAtMs - clock.monotonicMs();
        if (waitMs <= 0 || stop.aborted) return;
        await clock.sleep(Math.ceil(waitMs), stop);
      }
    },
  };
}
