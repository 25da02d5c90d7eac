import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { LiveInterval } from '../../analysis/live-interval.ts';
import { openIntervalEvidence } from '../../analysis/live-intervals.ts';
import type { BinnedSample } from '../../stats/binned-sample.ts';
import { seededRandom } from '../../stats/random.ts';
import type { MetricSource } from '../metric-source.ts';
import { prometheusClient } from './client.ts';
import {
  type CountingServer,
  hasPrometheus,
  type PrometheusServer,
  startCountingServer,
  startPrometheus,
} from './prometheus-server.test-support.ts';
import { type ArmQueries, scrapeQuery } from './scrape.ts';
import { prometheusSource } from './source.ts';
import { SHAPES, type TemplateName, templateQueries } from './templates.ts';

const queriesOf = (service: string): ArmQueries => ({
  requests: `requests_total{service="${service}"}`,
  errors: `requests_total{service="${service}",code=~"5.."}`,
  histograms: { latency: `duration_seconds_bucket{service="${service}"}` },
});

describe.skipIf(!hasPrometheus())('a real Prometheus as a source', () => {
  let app: CountingServer;
  let prometheus: PrometheusServer;

  beforeAll(async () => {
    app = await startCountingServer(['base', 'same', 'slow']);
    prometheus = await startPrometheus([app.address]);
  }, 40_000);
  afterAll(async () => {
    await prometheus?.end();
    await app?.end();
  });

  function sourceOf(candidate: string, change: Partial<ArmQueries> = {}): MetricSource {
    const source = prometheusSource(prometheusClient({ url: prometheus.url, timeoutMs: 2_000 }), {
      baseline: queriesOf('base'),
      candidate: { ...queriesOf(candidate), ...change },
    });
    onTestFinished(() => source.close());
    return source;
  }

  /** The next interval; polls more often than Prometheus scrapes, so that most looks find nothing new. */
  async function nextInterval(source: MetricSource): Promise<LiveInterval> {
    for (let said = ''; ; ) {
      expect(performance.now(), said).toBeLessThan(endMs);
      const polled = await source.poll(Date.now());
      if ('interval' in polled) return polled.interval;
      said = polled.silent;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }
  let endMs = 0;
  const within = (ms: number) => {
    endMs = performance.now() + ms;
  };

  /** All intervals together, once they hold as many requests as were served. */
  async function totalOf(source: MetricSource, baseline: number, candidate: number) {
    const sum = { baseline: { count: 0, errors: 0 }, candidate: { count: 0, errors: 0 } };
    const buckets: number[] = [];
    while (sum.baseline.count < baseline || sum.candidate.count < candidate) {
      const { requests, histograms } = await nextInterval(source);
      for (const arm of ['baseline', 'candidate'] as const) {
        sum[arm].count += requests[arm].count;
        sum[arm].errors += requests[arm].errors;
      }
      const found: BinnedSample | undefined = histograms?.['latency']?.candidate;
      // Of one scrape, or none: requests and buckets never come in different intervals.
      expect(found?.length).toBe(requests.candidate.count);
      found?.counts.forEach((count, i) => {
        buckets[i] = (buckets[i] ?? 0) + count;
      });
    }
    return { ...sum, buckets };
  }

  test('gives the exact numbers of requests, errors and values in buckets, the first error among them', async () => {
    within(15_000);
    const source = sourceOf('same');
    await nextInterval(source);
    app.serve('base', [0.01, 0.02]);
    app.serve('same', [0.01, 0.1, 0.3]);
    app.serve('same', [0.01, 3], 500);
    expect(await totalOf(source, 2, 5)).toEqual({
      baseline: { count: 2, errors: 0 },
      candidate: { count: 5, errors: 2 },
      buckets: [2, 0, 1, 0, 0, 0, 1, 0, 0, 1],
    });
  });

  test('a restart of what is scraped loses nothing that was scraped, and counts nothing twice', async () => {
    within(15_000);
    const source = sourceOf('same');
    await nextInterval(source);
    app.serve('same', [0.01, 0.01, 0.01]);
    expect((await totalOf(source, 0, 3)).candidate.count).toBe(3);
    await app.restart();
    app.serve('same', [3]);
    const { candidate, buckets } = await totalOf(source, 0, 1);
    expect([candidate.count, buckets.at(-1)]).toEqual([1, 1]);
  });

  test('a Prometheus that is killed is silent with a reason, and afterwards nothing is lost or counted twice', async () => {
    within(20_000);
    const source = sourceOf('same');
    await nextInterval(source);
    app.serve('same', [0.01, 0.01]);
    expect((await totalOf(source, 0, 2)).candidate.count).toBe(2);
    await prometheus.kill();
    const [first, second] = [await source.poll(1_000), await source.poll(5_000)];
    expect(first).toEqual({
      silent: expect.stringContaining('No connection'),
      sinceMs: 1_000,
      code: 'METRICS_UNREACHABLE',
    });
    expect(second).toMatchObject({ sinceMs: 1_000 });
    app.serve('same', [0.01, 0.01, 0.01]);
    await prometheus.start();
    expect((await totalOf(source, 0, 3)).candidate.count).toBe(3);
    app.serve('same', [0.01]);
    expect((await totalOf(source, 0, 1)).candidate.count).toBe(1);
  });

  test('an own query that is wrong is named, with its own position', async () => {
    const polled = await sourceOf('same', { errors: 'requests_total{' }).poll(7);
    expect(polled).toEqual({
      silent: expect.stringMatching(/^candidate\/errors: .*1:16: parse error/),
      sinceMs: 7,
      code: 'METRICS_QUERY_INVALID',
    });
  });

  test.each(Object.keys(SHAPES) as TemplateName[])(
    'understands the template %s, whatever the values of its labels',
    async name => {
      const client = prometheusClient({ url: prometheus.url });
      onTestFinished(() => client.close());
      const hostile = ['"} or vector(1) #', 'a\\\\"b', 'line\n\t', 'ü{}[]$1'].map(value => ({ job: value }));
      for (const [i, candidate] of hostile.entries()) {
        const queries = templateQueries(name, { baseline: hostile.at(i - 1)!, candidate });
        expect(await client.instant(scrapeQuery(queries))).toEqual({ type: 'vector', items: [] });
      }
    },
  );

  test('a query that finds nothing is silent and says so', async () => {
    const source = prometheusSource(prometheusClient({ url: prometheus.url }), {
      baseline: queriesOf('nobody'),
      candidate: queriesOf('nobody'),
    });
    onTestFinished(() => source.close());
    expect(await source.poll(7)).toEqual({ silent: 'the queries find no series', sinceMs: 7 });
  });

  test('a range query gives the values over time', async () => {
    within(10_000);
    await nextInterval(sourceOf('same'));
    const client = prometheusClient({ url: prometheus.url });
    onTestFinished(() => client.close());
    const toMs = Date.now();
    const found = await client.range('up{job="web"}', { fromMs: toMs - 400, toMs, stepMs: 200 });
    expect(found[0]?.labels['instance']).toBe(app.address);
    expect(found[0]?.values.at(-1)?.value).toBe(1);
  });

  test('its intervals are evidence: a candidate twice as slow fails, an unchanged one passes', async () => {
    within(18_000);
    const metric = { name: 'latency', direction: 'lowerIsBetter', minEffect: 0.05, required: true } as const;
    const judged = ['same', 'slow'].map(candidate => {
      const evidence = openIntervalEvidence({ alpha: 0.05, errorRateMax: null, metrics: [metric] });
      evidence.enterStage({ index: 0, weight: 50, atMs: Date.now() });
      return { source: sourceOf(candidate), evidence };
    });
    const random = seededRandom(7);
    const verdictOf = ({ evidence }: (typeof judged)[number]) =>
      evidence.judge({ minSamples: 50, require: 'noHarm', nowMs: Date.now() });
    do {
      const seconds = Array.from({ length: 100 }, () => 0.05 * 2 ** (3 * random()));
      for (const service of ['base', 'same']) app.serve(service, seconds);
      app.serve(
        'slow',
        seconds.map(value => 2 * value),
      );
      for (const { source, evidence } of judged) evidence.add(await nextInterval(source));
    } while (verdictOf(judged[1]!).kind !== 'fail');
    expect(verdictOf(judged[1]!)).toMatchObject({ kind: 'fail', metric: 'latency' });
    expect(verdictOf(judged[0]!)).toMatchObject({ kind: 'pass' });
  });
});
