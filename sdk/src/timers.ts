/**
 * Time for the SDK, passed in so that tests decide what time it is. Deadlines and leases are measured on the monotonic
 * clock: a jump of the wall clock must not prolong anyone's exposure to a candidate.
 */
export interface Timers {
  /** Wall clock, milliseconds since 1970 UTC. For records only. */
  nowMs(): number;
  /** Never goes back; origin unspecified. */
  monotonicMs(): number;
  /** Calls `then` once after `delayMs`, unless the answered function is called first. Must not keep the process alive. */
  after(delayMs: number, then: () => void): () => void;
}

/** Node takes longer delays for 1 ms. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemTimers: Timers = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, then) {
    const timer = setTimeout(then, Math.min(delayMs, LONGEST_DELAY_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Keeps the process alive while it waits: everything else of the SDK is unref'ed, and an app that awaits `ready()` or
 * `close()` with nothing else to do would otherwise end in the middle of it. Always bounded by the caller's own time-out.
 */
export async function holdingProcess<T>(work: Promise<T>): Promise<T> {
  const anchor = setInterval(() => {}, 2 ** 30);
  try {
    return await work;
  } finally {
    clearInterval(anchor);
  }
}

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;

/**
 * Full jitter: anything from nothing to the doubled bound, so that a thousand apps do not come back in one instant.
 * @param attempt failures in a row before this one, from 0
 * @param random uniform in [0, 1)
 * @returns milliseconds, in [0, 100) for the first up to [0, 5000)
 * @see Brooker 2015, Exponential Backoff And Jitter
 */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(attempt, 16));
}
