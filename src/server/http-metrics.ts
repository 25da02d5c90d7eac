/** What the server does, as Prometheus sees it: requests, streams, outcomes, and the engine's load when it is asked for. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Controller } from '../controller/face.ts';
import type { OutcomeCounts } from '../metrics/intake.ts';

export interface Sources {
  load: Controller['load'];
  outcomes: () => OutcomeCounts;
  streams: () => number;
}

export function httpMetrics(registry: Registry, { load, outcomes, streams }: Sources) {
  const registers = [registry];
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Answered requests, by route pattern and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer, by route pattern; streams are not in it.',
    labelNames: ['route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  });
  const cut = new Counter({
    name: 'sse_streams_cut_total',
    help: 'Streams cut because their client did not read.',
    registers,
  });
  scraped('pipeline_queue_length', 'Releases that are due and that nobody works on.', () => load().queued);
  scraped('pipeline_active', 'Releases that are being worked on.', () => load().active);
  scraped('sse_streams', 'Open event and assignment streams.', streams);
  new Counter({
    name: 'outcomes_total',
    help: 'Outcomes by result: stored, ignored (no exposed release), duplicate, rejected, invalid.',
    labelNames: ['result'],
    registers,
    collect() {
      this.reset();
      for (const [result, count] of Object.entries(outcomes())) this.inc({ result }, count);
    },
  });

  function scraped(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }

  return {
    cut,
    request(route: string, status: number, durationMs?: number): void {
      requests.inc({ route, status });
      if (durationMs !== undefined) seconds.observe({ route }, durationMs / 1_000);
    },
  };
}
