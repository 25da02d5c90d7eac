/**
 * The deadline of every call in flight, kept by one sleeper. All calls have the same time-out, so the oldest is always the
 * next that is due: no timer is made or cleared for a call that is answered in time.
 */
import type { Clock } from '../clock.ts';

/** Node takes longer delays for 1 ms. */
export const DELAY_MS_MAX = 2_147_483_647;

interface Deadline {
  readonly atMs: number;
  readonly controller: AbortController;
  expired: boolean;
}

export interface Deadlines {
  /** Aborts the controller when the time-out has passed, unless released before. */
  watch(controller: AbortController, nowMs: number): Deadline;
  release(deadline: Deadline): void;
}

/** Runs until `end` aborts. */
export function makeDeadlines(clock: Clock, timeoutMs: number, end: AbortSignal): Deadlines {
  const open = new Set<Deadline>();
  void sweep();
  return {
    watch(controller, nowMs) {
      const deadline = { atMs: nowMs + timeoutMs, controller, expired: false };
      open.add(deadline);
      return deadline;
    },
    release: deadline => void open.delete(deadline),
  };

  async function sweep(): Promise<void> {
    while (!end.aborted) {
      const nowMs = clock.monotonicMs();
      let waitMs = timeoutMs;
      for (const deadline of open) {
        if (deadline.atMs > nowMs) {
          waitMs = deadline.atMs - nowMs;
          break;
        }
        open.delete(deadline);
        deadline.expired = true;
        deadline.controller.abort();
      }
      await clock.sleep(Math.min(Math.max(waitMs, 1), DELAY_MS_MAX), end);
    }
  }
}
