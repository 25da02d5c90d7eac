/**
 * How many calls may be under way, for all workers of a run. An endpoint that says how long to stay away is obeyed by every
 * worker. One that refuses calls gets half as many at a time, and one more for every round that it answers: additive
 * increase, multiplicative decrease (Chiu and Jain 1989), which settles near a rate limit without knowing it.
 */
import type { Clock } from '../clock.ts';

export interface Gate {
  /** True once the call may start; false when the run stops first. Every call that may start must leave. */
  enter(): boolean | Promise<boolean>;
  /** The call has ended. `startMs` is monotonic; `isRefused`: too many requests. */
  leave(startMs: number, isRefused: boolean): void;
  /** Nobody enters for this long, from now. */
  holdFor(ms: number): void;
}

export function makeGate(clock: Clock, workers: number, stop: AbortSignal): Gate {
  let limit = workers;
  let inside = 0;
  let answersAtLimit = 0;
  let cutAtMs = -Infinity;
  let openAtMs = -Infinity;
  let waiting: (() => void)[] = [];
  stop.addEventListener('abort', wake, { once: true });

  return {
    enter: () => (stop.aborted ? false : tryEnter() || waitToEnter()),
    leave(startMs, isRefused) {
      inside -= 1;
      if (!isRefused) {
        answersAtLimit += 1;
        if (answersAtLimit >= limit) raise();
      } else if (startMs >= cutAtMs) {
        // Calls that were under way at the last cut say nothing about what it did.
        limit = Math.max(1, Math.floor(limit / 2));
        cutAtMs = clock.monotonicMs();
        answersAtLimit = 0;
      }
      if (waiting.length > 0) wake();
    },
    holdFor(ms) {
      openAtMs = Math.max(openAtMs, clock.monotonicMs() + ms);
    },
  };

  function raise(): void {
    limit = Math.min(workers, limit + 1);
    answersAtLimit = 0;
  }

  function tryEnter(): boolean {
    if (inside >= limit || openAtMs > clock.monotonicMs()) return false;
    inside += 1;
    return true;
  }

  async function waitToEnter(): Promise<boolean> {
    while (!stop.aborted) {
      // Held again, or overtaken, while it slept: wait again.
      if (tryEnter()) return true;
      const heldMs = openAtMs - clock.monotonicMs();
      if (heldMs > 0) await clock.sleep(Math.ceil(heldMs), stop);
      else await new Promise<void>(resolve => waiting.push(resolve));
    }
    return false;
  }

  /** All at once: there are few, and those who find no room wait again. */
  function wake(): void {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  }
}
