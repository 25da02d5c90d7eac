import { describe, expect, test } from 'vitest';
import { folder, latencies } from './compare.test-support.ts';

const { file, run, at } = folder();
const jsonl = (rows: readonly object[]) => rows.map(row => JSON.stringify(row)).join('\n');

describe('results of spillway test', () => {
  const report = (slower: number, errors: number, suite = 'bot') => ({
    schema: 'spillway.test/v1',
    suite,
    passed: 40,
    failed: 0,
    errors,
    notRun: 1,
    passRate: 1,
    durationMs: 1,
    cases: [
      ...latencies(40, 3, slower).map((latencyMs, i) => {
        const failed = i < errors;
        return {
          id: `case-${i}`,
          repeat: 1,
          pass: !failed,
          score: failed ? 0 : 0.9,
          latencyMs,
          tokens: 50 + i,
          output: '',
          ...(failed ? { error: 'timed out' } : {}),
          attempts: 1,
          graders: [],
        };
      }),
      {
        id: 'late',
        repeat: 1,
        pass: false,
        score: 0,
        latencyMs: 0,
        output: '',
        error: 'not run',
        attempts: 0,
        graders: [],
      },
    ],
  });

  test('are paired by case', async () => {
    const said = await run(file('t1.json', report(1, 0)), file('t2.json', report(1.3, 0)));
    expect(said.exit).toBe(1);
    expect(said.document.metrics.map((metric: { name: string }) => metric.name)).toEqual([
      'latency',
      'quality',
      'pass',
      'tokens',
    ]);
    expect(said.document.metrics[0]).toMatchObject({ n: { baseline: 40 }, effect: { value: expect.closeTo(1.3, 3) } });
    expect(said.text).toContain('note: t1.json: 1 planned cases were not run and are not compared');
  });

  test('a candidate that does not answer cannot look better by it', async () => {
    const said = await run(at('t1.json'), file('t3.json', report(1, 12)));
    expect(said).toMatchObject({ exit: 1, document: { why: expect.stringMatching(/^errors: candidate \+30 points/) } });
    expect(said.document.metrics.find((metric: { name: string }) => metric.name === 'latency').n.baseline).toBe(28);
  });

  test('several suites are told apart', async () => {
    const both = { schema: 'spillway.tests/v1', reports: [report(1, 0), report(1, 0, 'other')] };
    const said = await run(file('t4.json', both), at('t4.json'));
    expect(said.document.metrics[0].n.baseline).toBe(80);
  });
});

describe('results of promptfoo', () => {
  const row = (i: number, promptIdx: number, latencyMs: number, more: object = {}) => ({
    testIdx: i,
    promptIdx,
    vars: { question: `q${i}` },
    success: true,
    score: 1,
    failureReason: 0,
    latencyMs,
    cost: 0.001,
    response: { output: '', cached: false, tokenUsage: { total: 30 } },
    namedScores: { tone: 0.8 },
    ...more,
  });
  const document = (rows: object[]) => ({ evalId: 'e', results: { version: 3, results: rows }, config: {} });
  const quick = latencies(30, 5);
  const one = document(quick.map((ms, i) => row(i, 0, ms)));

  test('are paired by the variables of the test, wherever it stands', async () => {
    const reversed = document(quick.map((ms, i) => ({ ...row(i, 0, ms), testIdx: 100 - i })).reverse());
    const said = await run(file('p1.json', one), file('p2.json', reversed));
    expect(said).toMatchObject({ exit: 0, document: { verdict: 'pass' } });
    expect(said.document.metrics.map((metric: { name: string }) => metric.name)).toEqual([
      'latency',
      'quality',
      'pass',
      'tokens',
      'costUsd',
      'tone',
    ]);
    expect(said.text).toContain('no value differs');
  });

  test('two prompts of one file are compared by their place', async () => {
    const rows = quick.flatMap((ms, i) => [row(i, 0, ms), row(i, 1, 2 * ms)]);
    const both = file('p3.json', document(rows));
    const said = await run(`${both}#0`, `${both}#1`);
    expect(said).toMatchObject({
      exit: 1,
      document: { metrics: [{ effect: { value: expect.closeTo(2, 6) } }, {}, {}, {}, {}, {}] },
    });
    expect((await run(`${both}#0`, `${both}#2`)).problems[1]).toMatch(/has no prompt 2; the first is #0$/);
  });

  test('one result a line says the same as one document', async () => {
    const rows = quick.flatMap((ms, i) => [row(i, 0, ms), row(i, 1, 2 * ms)]);
    const lines = file('p5.jsonl', jsonl(rows));
    const said = await run(`${lines}#0`, `${lines}#1`);
    expect(said.document).toEqual((await run(`${at('p3.json')}#0`, `${at('p3.json')}#1`)).document);
  });

  test('cached answers have no latency, and answers that never came count as errors', async () => {
    const rows = quick.map((ms, i) =>
      i < 10
        ? row(i, 0, 1, { response: { cached: true } })
        : i < 20
          ? row(i, 0, 1, { failureReason: 2, success: false, score: 0 })
          : row(i, 0, ms),
    );
    const said = await run(at('p1.json'), file('p4.json', document(rows)));
    expect(said.document.metrics).toContainEqual(
      expect.objectContaining({ name: 'latency', n: { baseline: 10, candidate: 10 } }),
    );
    expect(said.text).toContain('10 answers came from a cache; their latency is left out');
    expect(said.document.why).toMatch(/^errors: candidate \+33.3 points/);
  });
});

describe('k6', () => {
  const trend = (med: number) => ({ avg: med, min: 1, med, max: 900, 'p(90)': 400, 'p(95)': 500 });
  const summary = (failed: number, med: number) => ({
    root_group: {},
    metrics: {
      http_req_duration: trend(med),
      http_req_failed: { passes: failed, fails: 2000 - failed, value: failed / 2000 },
      iterations: { count: 5, rate: 1 },
    },
  });

  test('percentiles of a summary are no samples, however far apart they are', async () => {
    const said = await run(file('k1.json', summary(4, 100)), file('k2.json', summary(4, 900)), {
      metric: ['http_req_duration'],
    });
    expect(said).toMatchObject({ exit: 0, document: { verdict: 'inconclusive', consensus: { p: null, score: null } } });
    expect(said.document.why).toMatch(/percentiles, which are not samples.*`--out json=FILE`/);
    expect(said.text).toContain(
      'note: k2.json: http_req_duration: med 900, p(90) 400, p(95) 500; for reading, not compared',
    );
    expect(said.document.metrics[0].tests.welch).toMatchObject({ status: 'no_data', p: null });
  });

  test('its rates are counts, and counts are samples', async () => {
    const said = await run(
      at('k1.json'),
      file('k3.json', {
        metrics: {
          http_req_failed: { type: 'rate', contains: 'default', values: { rate: 0.05, passes: 100, fails: 1900 } },
        },
      }),
    );
    expect(said).toMatchObject({
      exit: 1,
      document: {
        metrics: [{ name: 'http_req_failed', n: { candidate: 2000 }, effect: { value: expect.closeTo(0.048, 6) } }, {}],
      },
    });
  });

  test('its points are samples', async () => {
    const points = (values: number[]) =>
      jsonl([
        {
          type: 'Metric',
          metric: 'http_req_duration',
          data: { name: 'http_req_duration', type: 'trend', contains: 'time' },
        },
        ...values.flatMap(value => [
          { type: 'Point', metric: 'http_req_duration', data: { time: '2026-01-01T00:00:00Z', value, tags: {} } },
          { type: 'Point', metric: 'vus', data: { time: '2026-01-01T00:00:00Z', value: 1 } },
        ]),
      ]);
    const said = await run(file('k4.json', points(latencies(80, 7))), file('k5.json', points(latencies(80, 8, 1.6))));
    expect(said).toMatchObject({
      exit: 1,
      document: { metrics: [{ name: 'http_req_duration', n: { baseline: 80 } }] },
    });
    expect(said.text).toMatch(/http_req_duration +80 v 80 +\d+ ms/);
  });
});
