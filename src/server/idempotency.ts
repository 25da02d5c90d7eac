/**
 * A POST with an `Idempotency-Key` takes effect once in 24 hours. The first answer is repeated to whoever sends the same
 * request with the same key again; callers that come while it is being made wait for it. Refusals are not kept: they had
 * no effect, so asking again is harmless and may well succeed.
 */
import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Json } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import type { IdempotencyStore } from '../store/store.ts';

const KEPT_MS = 24 * 60 * 60 * 1_000;

export interface Answer {
  status: number;
  body: Json;
}

interface KeyedRequest {
  key: string | undefined;
  method: string;
  path: string;
  body: string;
  /** Twice is as good as once, as with a rollback: then a store that cannot be read does not stand before it. */
  mayRepeat: boolean;
}

/** @throws SpillwayError IDEMPOTENCY_MISMATCH, REQUEST_INVALID, and whatever `act` throws */
export type Once = (request: KeyedRequest, act: () => Promise<Answer>) => Promise<Answer>;

export function once(store: IdempotencyStore, clock: Clock): Once {
  const running = new Map<string, { fingerprint: string; answer: Promise<Answer> }>();

  async function first(
    key: string,
    fingerprint: string,
    mayRepeat: boolean,
    act: () => Promise<Answer>,
  ): Promise<Answer> {
    const kept = await store.getIdempotent(key).catch((error: unknown) => {
      if (!mayRepeat) throw error;
      return undefined;
    });
    if (kept) {
      requireSame(kept.fingerprint, fingerprint, key);
      return { status: kept.status, body: kept.body };
    }
    const answer = await act();
    // The effect is made: an answer that cannot be kept must not turn it into an error.
    await store.putIdempotent(key, { fingerprint, ...answer, expiresAt: clock.nowMs() + KEPT_MS }).catch(() => {});
    return answer;
  }

  return async (request, act) => {
    const { key } = request;
    if (key === undefined) return act();
    if (!/^[\x21-\x7e]{1,255}$/.test(key))
      throw new SpillwayError('REQUEST_INVALID', 'Idempotency-Key must be 1 to 255 visible ASCII characters.');
    const fingerprint = hash('sha256', `${request.method} ${request.path}\n${request.body}`);
    const other = running.get(key);
    if (other) {
      requireSame(other.fingerprint, fingerprint, key);
      return other.answer;
    }
    const answer = first(key, fingerprint, request.mayRepeat, act);
    running.set(key, { fingerprint, answer });
    try {
      return await answer;
    } finally {
      running.delete(key);
    }
  };
}

function requireSame(kept: string, fingerprint: string, key: string): void {
  if (kept !== fingerprint)
    throw new SpillwayError('IDEMPOTENCY_MISMATCH', `Idempotency-Key \`${key}\` was used for another request.`);
}
