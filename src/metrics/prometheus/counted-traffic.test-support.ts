/**
 * A Prometheus for tests with a clock of their own: real HTTP, answers of the documented form, and behind it traffic that the test lets
 * flow. It scrapes every second of that clock and evaluates no PromQL: it knows what each role of the source asks for.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Arm } from '../../analysis/live-outcome.ts';
import type { Clock } from '../../clock.ts';
import { seededRandom } from '../../stats/random.ts';

/** Each 1.2 times the one before, in seconds. */
const LES = Array.from({ length: 12 }, (_, i) => 0.05 * 1.2 ** i);
const SCRAPE_MS = 1_000;

interface Counters {
  requests: number;
  errors: number;
  /** Values in each bucket, the last beyond all bounds. */
  buckets: number[];
}

export interface CountedTraffic {
  url: string;
  /** What of the requests of an arm fails, 0 to 1. */
  failing: Record<Arm, number>;
  /** Connections break, and nothing is scraped; what is counted goes on. */
  isAway: boolean;
  /** Requests that reach each arm now. The clock is moved by the caller, by at most a second a call. */
  flow(requests: Record<Arm, number>): void;
  /** Requests in the newest scrape. */
  scraped(): Record<Arm, number>;
  close(): Promise<void>;
}

export async function countedTraffic(clock: Clock, seed: number): Promise<CountedTraffic> {
  const random = seededRandom(seed);
  const none = (): Counters => ({ requests: 0, errors: 0, buckets: Array.from({ length: LES.length + 1 }, () => 0) });
  const counters: Record<Arm, Counters> = { baseline: none(), candidate: none() };
  let scrape = { atMs: clock.nowMs(), counters: structuredClone(counters) };

  const server = createServer((request, response) => {
    if (traffic.isAway) return void request.socket.destroy();
    request.resume();
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result: itemsOf(scrape) } }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const traffic: CountedTraffic = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failing: { baseline: 0.001, candidate: 0.001 },
    isAway: false,
    flow(requests) {
      for (const arm of ['baseline', 'candidate'] as const)
        for (let i = 0; i < requests[arm]; i++) {
          counters[arm].requests += 1;
          if (random() < traffic.failing[arm]) counters[arm].errors += 1;
          const seconds = 0.05 * 8 ** random();
          const bucket = LES.findIndex(le => seconds <= le);
          const at = bucket < 0 ? LES.length : bucket;
          counters[arm].buckets[at] = counters[arm].buckets[at]! + 1;
        }
      if (!traffic.isAway && clock.nowMs() - scrape.atMs >= SCRAPE_MS)
        scrape = { atMs: clock.nowMs(), counters: structuredClone(counters) };
    },
    scraped: () => ({ baseline: scrape.counters.baseline.requests, candidate: scrape.counters.candidate.requests }),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return traffic;
}

/** One process, as a gateway is, which counts both arms. An arm begins to exist with its first request. */
function itemsOf(scrape: { atMs: number; counters: Record<Arm, Counters> }): unknown[] {
  const { atMs, counters } = scrape;
  return (['baseline', 'candidate'] as const).flatMap(arm => {
    const { requests, errors, buckets } = counters[arm];
    if (requests === 0) return [];
    const series: [role: string, labels: Record<string, string>, value: number][] = [
      [`${arm}/requests`, { code: '200' }, requests - errors],
      [`${arm}/requests`, { code: '500' }, errors],
      [`${arm}/errors`, { code: '500' }, errors],
    ];
    let below = 0;
    for (const [i, held] of buckets.entries()) {
      below += held;
      series.push([`${arm}/histogram/latency`, { le: i < LES.length ? String(LES[i]) : '+Inf' }, below]);
    }
    return series.flatMap(([role, labels, value]) => {
      const item = (spillway_role: string, shown: number) => ({
        metric: { job: 'gateway', instance: 'gateway:9100', service: arm, ...labels, spillway_role },
        value: [atMs / 1000, String(shown)],
      });
      return [item(role, value), item(`at/${role}`, atMs / 1000)];
    });
  });
}
