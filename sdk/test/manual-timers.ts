/** Timers that stand still until a test moves them. */
import type { Timers } from '../src/timers.ts';

interface ManualTimers extends Timers {
  /** Moves both clocks on and calls what has come due, in order, also what that sets up for within the same span. */
  advance(ms: number): void;
  /** Moves the wall clock alone, as an administrator or a time server does. */
  jumpWall(ms: number): void;
  /** How long until each pending call, the next one first. */
  pendingMs(): number[];
}

/** Time that moves only when told. */
export function manualTimers(): ManualTimers {
  let wallMs = Date.UTC(2026, 0, 1);
  let monotonicMs = 0;
  let pending: { dueMs: number; then: () => void }[] = [];
  return {
    nowMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    after(delayMs, then) {
      const entry = { dueMs: monotonicMs + delayMs, then };
      pending.push(entry);
      return () => {
        pending = pending.filter(other => other !== entry);
      };
    },
    advance(ms) {
      const endMs = monotonicMs + ms;
      for (;;) {
        const next = pending.filter(entry => entry.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (!next) break;
        pending = pending.filter(entry => entry !== next);
        wallMs += Math.max(0, next.dueMs - monotonicMs);
        monotonicMs = Math.max(monotonicMs, next.dueMs);
        next.then();
      }
      wallMs += endMs - monotonicMs;
      monotonicMs = endMs;
    },
    pendingMs: () => pending.map(entry => entry.dueMs - monotonicMs).sort((a, b) => a - b),
    jumpWall(ms) {
      wallMs += ms;
    },
  };
}
