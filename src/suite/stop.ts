/**
 * The one way in which a run ends before its last case: interrupted, out of time, refused by the endpoint, or asked to
 * stay away for longer than there is time. The first reason stays; what is done is kept.
 */
import { setMaxListeners } from 'node:events';

export interface Stop {
  /** Why the run ends early; undefined while it goes on. */
  readonly reason: string | undefined;
  /** Aborts with the stop: ends every wait between calls. */
  readonly signal: AbortSignal;
  /** Starts nothing new; calls in flight may end. */
  drain(reason: string): void;
  /** Gives up the calls in flight, too. */
  halt(reason: string): void;
  /** Controllers of calls that `halt` has to abort. */
  readonly inFlight: Set<AbortController>;
}

export function makeStop(): Stop {
  const waits = new AbortController();
  // One listener a worker is no leak.
  setMaxListeners(0, waits.signal);
  const inFlight = new Set<AbortController>();
  let why: string | undefined;
  return {
    get reason() {
      return why;
    },
    signal: waits.signal,
    inFlight,
    drain(reason) {
      why ??= reason;
      waits.abort();
    },
    halt(reason) {
      why ??= reason;
      waits.abort();
      for (const controller of inFlight) controller.abort();
    },
  };
}
