/**
 * When a failed call is made again. Exponential back-off with full jitter: of the schemes compared by Brooker ("Exponential
 * Backoff And Jitter", AWS Architecture Blog, 2015) the one with the least work for the endpoint. An endpoint that says
 * how long to stay away is obeyed by every worker, through the gate.
 */
import type { CallFailure } from './call.ts';

export const BACKOFF_BASE_MS = 250;
export const BACKOFF_CAP_MS = 20_000;

/** Milliseconds before the next attempt, uniform in [0, min(cap, base × 2^(failures − 1))), after `failures` ≥ 1 in a row. */
export function backoffMs(failures: number, random: () => number): number {
  return random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** (failures - 1));
}

/**
 * How often a case may fail. Each failure takes one of its retries; a 429 only where nobody was answered since the last
 * one: an endpoint that answers others is busy, not broken, and with many workers a case may well be turned away ten times.
 */
interface Budget {
  /** Counts the failure; the failures in a row that the back-off should know of, or undefined when nothing is left. */
  take(failure: CallFailure, answersOfAll: number): number | undefined;
}

export function makeBudget(retries: number): Budget {
  let failures = 0;
  let refusals = 0;
  let answersAtRefusal = -1;
  return {
    take(failure, answersOfAll) {
      if (!failure.retryable) return undefined;
      const isRefusal = failure.status === 429;
      if (!isRefusal) failures += 1;
      else refusals = answersOfAll === answersAtRefusal ? refusals + 1 : 1;
      if (isRefusal) answersAtRefusal = answersOfAll;
      if (failures > retries || refusals > retries) return undefined;
      return isRefusal ? refusals : failures;
    },
  };
}

/** Too many requests, or overloaded and saying for how long: it concerns every call, not only the one that was refused. */
export function concernsAll(failure: CallFailure): boolean {
  return failure.status === 429 || (failure.status === 503 && failure.retryAfterMs !== undefined);
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
