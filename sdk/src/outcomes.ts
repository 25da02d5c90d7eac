/**
 * Outcomes on their way to the server: a bounded queue and one sender, one batch in flight. Nothing here throws or waits on
 * the app's path; what is lost is counted.
 */
import { type DeliveryOptions, delivery } from './delivery.ts';
import type { Outcome, WireOutcome } from './outcome.ts';
import { toWire } from './outcome.ts';

export const LONGEST_QUEUE = 10_000;
const LARGEST_BATCH = 100;
const LINGER_MS = 100;

interface OutcomeOptions extends DeliveryOptions {
  client: string;
}

export interface OutcomeSender {
  report(outcome: Outcome): void;
  /** Not yet answered, in flight included. */
  queued(): number;
  /** Lost since the start: queue full, invalid, refused by the server, or not sent in time at the end. */
  dropped(): number;
  /** The last failure, without secrets; undefined after a success. */
  lastError(): string | undefined;
  /** Sends what is left, for at most `withinMs`; the rest is dropped. */
  close(withinMs: number): Promise<void>;
}

export function outcomeSender(options: OutcomeOptions): OutcomeSender {
  const { client, poster, timers } = options;
  const post = delivery(options);
  let queue: WireOutcome[] = [];
  let inFlight = 0;
  let dropped = 0;
  let sequence = 0;
  let numbered = 0;
  let pumping: Promise<void> | undefined;
  let cancelLinger: (() => void) | undefined;
  let closing = false;

  function report(outcome: Outcome) {
    const wire = closing ? undefined : toWire(outcome, timers.nowMs());
    if (!wire) {
      dropped++;
      return;
    }
    wire.id ??= `${client}-${++numbered}`;
    if (queue.push(wire) > LONGEST_QUEUE) {
      queue.shift();
      dropped++;
    }
    if (queue.length >= LARGEST_BATCH) pump();
    else linger();
  }

  function linger() {
    if (!pumping) cancelLinger ??= timers.after(LINGER_MS, pump);
  }

  function pump() {
    cancelLinger?.();
    cancelLinger = undefined;
    pumping ??= sendAll().finally(() => {
      pumping = undefined;
      if (queue.length > 0 && !post.isAbandoned()) linger();
    });
  }

  /** At least one batch; then whatever is full, and at the end everything. */
  async function sendAll() {
    do {
      const batch = queue.splice(0, LARGEST_BATCH);
      inFlight = batch.length;
      const lost = await post.deliver(JSON.stringify({ client, sequence: ++sequence, outcomes: batch }), batch.length);
      dropped += lost; // read only now: reports may have been dropped while it was on its way
      inFlight = 0;
    } while (!post.isAbandoned() && (queue.length >= LARGEST_BATCH || (closing && queue.length > 0)));
  }

  return {
    report,
    queued: () => queue.length + inFlight,
    dropped: () => dropped,
    lastError: post.lastError,
    async close(withinMs) {
      closing = true;
      const cancel = timers.after(withinMs, post.abandon);
      post.hurry(); // a batch that waits for its next attempt gets it now
      while (pumping || (queue.length > 0 && !post.isAbandoned())) {
        pump();
        await pumping;
      }
      cancel();
      cancelLinger?.();
      dropped += queue.length;
      queue = [];
      poster.close();
    },
  };
}
