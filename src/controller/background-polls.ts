/**
 * Asks a metric source again and again, beside the passes: a Prometheus that takes its time holds up none of them. One look at a time,
 * and only while somebody takes what arrives: a release that is looked at no more costs nothing. Judges nothing.
 */
import type { Clock } from '../clock.ts';
import { asSpillwayError } from '../errors.ts';
import type { MetricSource, Polled } from '../metrics/metric-source.ts';

export type Arrived = Extract<Polled, { interval: unknown }>;
export type Silence = Extract<Polled, { silent: string }>;

export interface BackgroundPolls {
  /** The intervals since the last call, in order of time. Looks go on for some seconds after each call. */
  take(): Arrived[];
  /** What the newest look said in the place of an interval; undefined after one, and before the first look. */
  silence(): Silence | undefined;
  /** The source goes with it. Nothing arrives any more. */
  close(): void;
}

/** Half a scrape interval of one second: what was scraped is known some 250 ms later, at the cost of two queries a second. */
const EVERY_MS = { least: 500, most: 5_000 };
/** Processes are scraped one after another within an interval: a look finds those of the last eighth, and is that much late at most. */
const LOOKS_PER_INTERVAL = 8;
/** Passes come every second, and may hang a while. Longer, and an end that nobody told of would go on asking. */
const WANTED_MS = 5_000;

/** @param onArrival an interval has arrived; must not throw */
export function backgroundPolls(source: MetricSource, clock: Clock, onArrival: () => void): BackgroundPolls {
  const end = new AbortController();
  let arrived: Arrived[] = [];
  let silence: Silence | undefined;
  let wantedUntilMs = Number.NEGATIVE_INFINITY;
  let isAsking = false;

  async function ask(): Promise<void> {
    isAsking = true;
    while (!end.signal.aborted && clock.monotonicMs() < wantedUntilMs) {
      const polled = await source.poll(clock.nowMs());
      if (end.signal.aborted) break;
      if ('interval' in polled) {
        silence = undefined;
        arrived.push(polled);
        onArrival();
      } else silence = polled;
      await clock.sleep(everyMs(source.apartMs()), end.signal);
    }
    isAsking = false;
  }

  /** A source never throws; if one did, the release would wait for it for ever. */
  function failed(error: unknown): void {
    const { code, message } = asSpillwayError(error);
    silence = { silent: message, code, sinceMs: clock.nowMs() };
    isAsking = false;
  }

  return {
    take() {
      wantedUntilMs = clock.monotonicMs() + WANTED_MS;
      if (!isAsking && !end.signal.aborted) void ask().catch(failed);
      const taken = arrived;
      arrived = [];
      return taken;
    },
    silence: () => silence,
    close() {
      end.abort();
      void source.close().catch(() => undefined);
    },
  };
}

/** Two hundred releases at two queries a second are a load on a Prometheus that scrapes twice a minute, and tell nothing sooner. */
function everyMs(apartMs: number | undefined): number {
  const wanted = (apartMs ?? 0) / LOOKS_PER_INTERVAL;
  return Math.min(EVERY_MS.most, Math.max(EVERY_MS.least, wanted));
}
