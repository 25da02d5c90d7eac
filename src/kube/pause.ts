/** How long to wait before trying again: doubled each time, and scattered, so that many who failed together do not meet again. */
import type { Clock } from '../clock.ts';
import { Refusal } from './refusal.ts';

export interface Time {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
}

const FIRST_MS = 25;
const LAST_MS = 2_000;

/** @param attempt from 0. @returns milliseconds, at least what the server asked for */
export function pauseMs(attempt: number, random: () => number, error?: unknown): number {
  const ceiling = Math.min(FIRST_MS * 2 ** Math.min(attempt, 20), LAST_MS);
  const asked = error instanceof Refusal ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(asked, ceiling * (0.5 + random() / 2));
}
