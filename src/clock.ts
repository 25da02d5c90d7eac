/**
 * The only reader of time. Everything else gets a Clock passed in, so that tests decide what time it is and a jump of the
 * wall clock can be tested. Wall time is for people and records; durations are measured on the monotonic clock.
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970 UTC. May jump either way. */
  nowMs(): number;
  /** Never goes back; origin unspecified. For durations and deadlines, with fractions of a millisecond. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when the signal aborts (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise(resolve => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    }),
};

export interface ManualClock extends Clock {
  /** Moves both clocks on and wakes every sleeper whose time has come. */
  advance(ms: number): void;
  /** Moves the wall clock alone, as an administrator or a time server does. */
  jumpWall(ms: number): void;
}

/** A clock that moves only when told: for tests and simulations. */
export function manualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let wall = startMs;
  let monotonic = 0;
  let sleepers: { at: number; wake: () => void }[] = [];
  return {
    nowMs: () => wall,
    monotonicMs: () => monotonic,
    sleep: (ms, signal) =>
      new Promise(resolve => {
        if (signal?.aborted || ms <= 0) return resolve();
        sleepers.push({ at: monotonic + ms, wake: resolve });
        signal?.addEventListener('abort', () => resolve(), { once: true });
      }),
    advance(ms) {
      wall += ms;
      monotonic += ms;
      const due = sleepers.filter(sleeper => sleeper.at <= monotonic);
      sleepers = sleepers.filter(sleeper => sleeper.at > monotonic);
      for (const sleeper of due.sort((a, b) => a.at - b.at)) sleeper.wake();
    },
    jumpWall(ms) {
      wall += ms;
    },
  };
}

/** RFC 3339 UTC with milliseconds, as every document, event and answer writes times. */
export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString();
}
