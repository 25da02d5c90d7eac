import { describe, expect, test } from 'vitest';
import { Collector } from './collector.ts';
import { folder, latencies, samples } from './compare.test-support.ts';

const { file, run, at, plain } = folder();
const base = file('base.json', samples(latencies(60, 1)));
const jsonl = (rows: readonly object[]) => rows.map(row => JSON.stringify(row)).join('\n');

describe('JSON Lines', () => {
  const rows = latencies(60, 1).map((latencyMs, i) => ({ latencyMs, tokens: 100 + (i % 7), model: 'm', retries: 1 }));

  test('are read by the names of their keys, and what has no known name is told', async () => {
    const said = await run(file('a.jsonl', jsonl(rows)), file('b.jsonl', jsonl(rows)));
    expect(said.document.metrics.map((metric: { name: string }) => metric.name)).toEqual(['latency', 'tokens']);
    expect(said.text).toContain('note: a.jsonl: not compared: retries (name one with --column)');
  });

  test('compare with a sample file, and the same values have the same medians', async () => {
    const said = await run(base, at('a.jsonl'), { metric: ['latency'] });
    expect(said.document.metrics[0]).toMatchObject({ effect: { value: 1 }, n: { baseline: 60, candidate: 60 } });
  });

  test('are told by their content when they are called .json, as those of k6', async () => {
    const said = await run(file('lines.json', jsonl(rows)), base, { metric: ['latency'] });
    expect(said.document.metrics[0].n.baseline).toBe(60);
  });

  test('a column is named by a path, and a metric of one’s own by its direction', async () => {
    const nested = file('nested.jsonl', jsonl(rows.map(({ latencyMs }) => ({ timings: { first: latencyMs } }))));
    const said = await run(nested, nested, { column: ['ttfb=timings.first'], direction: ['ttfb=lowerIsBetter'] });
    expect(said.document.metrics[0]).toMatchObject({ name: 'ttfb', n: { baseline: 60 } });
  });

  test('an error that a row does not mention did not happen', async () => {
    const good = file('good.jsonl', jsonl(Array.from({ length: 300 }, () => ({ latency: 1 }))));
    const bad = file(
      'bad.jsonl',
      jsonl(Array.from({ length: 300 }, (_, i) => (i % 5 === 4 ? { error: true } : { latency: 1 }))),
    );
    const said = await run(good, bad, { metric: ['errors'] });
    expect(said).toMatchObject({ exit: 1, document: { metrics: [{ name: 'errors', effect: { value: 0.2 } }] } });
  });

  test('pair the rows of a case, and say which row names none', async () => {
    const cases = rows.map((row, i) => ({ ...row, caseId: `c${i}` }));
    const paired = await run(file('p.jsonl', jsonl(cases)), at('p.jsonl'), { metric: ['latency'] });
    expect(paired.document.metrics[0].tests).toHaveProperty('pairedT');
    const broken = await run(file('q.jsonl', jsonl([...cases, { latencyMs: 5 }])), at('p.jsonl'));
    expect(broken.problems[1]).toBe('q.jsonl:61:1: names no case, as other rows do (caseId)');
  });

  test('every wrong row is listed with its place', async () => {
    const wrong = file('wrong.jsonl', '{"latency": 1}\n\n{"tokens": 2, "latency": "soon"}\n{"latency"\n[1]\n');
    const said = await run(wrong, base);
    expect(said.exit).toBe(2);
    expect(said.problems).toEqual([
      '3 problems in wrong.jsonl',
      'wrong.jsonl:3:26: latency: must be a number; found "soon"',
      expect.stringMatching(/^wrong\.jsonl:4:11: is not JSON: /),
      'wrong.jsonl:5:1: must be an object, one row',
    ]);
  });

  test('of a file that is all wrong the first twenty problems are listed, and how many there are', async () => {
    const said = await run(file('all.jsonl', '{"latency":"x"}\n'.repeat(500)), base);
    expect(said.problems).toHaveLength(21);
    expect(said.problems[0]).toBe('500 problems in all.jsonl; the first 20 are listed');
  });
});

describe('CSV', () => {
  const values = latencies(60, 1);

  test.each([
    ['by name', `id,latency_ms\r\n${values.map((v, i) => `${i},${v}`).join('\r\n')}\r\n`, {}],
    ['with semicolons and a byte order mark', `\uFEFFlatency_ms;x\n${values.map(v => `${v};y`).join('\n')}`, {}],
    ['by another name', `ms taken,x\n${values.join(',\n')},\n`, { column: ['latency=ms taken'] }],
    ['by position, with names', `x,took\n${values.map(v => `a,${v}`).join('\n')}`, { column: ['latency=2'] }],
    ['by position, without names', values.map(v => `"a\nb",${v}`).join('\n'), { column: ['latency=2'] }],
  ])('%s', async (_, text, options) => {
    const said = await run(base, file('x.csv', text), options);
    expect(said.problems).toEqual([]);
    expect(said.document.metrics[0]).toMatchObject({ name: 'latency', n: { candidate: 60 }, effect: { value: 1 } });
  });

  test('seconds of one file and milliseconds of the other are compared in one unit', async () => {
    const seconds = file('s.csv', `latency_s\n${values.map(value => value / 1000).join('\n')}`);
    const said = await run(base, seconds);
    expect(said.document.metrics[0].effect.value).toBeCloseTo(1, 9);
    expect(said.text).toContain('note: s.csv: latency turned from s into ms');
  });

  test('a unit on the command line is for files that say none', async () => {
    const plain = file('plain.csv', `latency\n${values.map(value => value / 1000).join('\n')}`);
    const said = await run(base, plain, { unit: ['latency=s'] });
    expect(said.document.metrics[0].effect.value).toBeCloseTo(1, 9);
    const assumed = await run(base, plain);
    expect(assumed.text).toContain('note: plain.csv: latency has no unit, taken as ms');
  });

  test('units that have nothing in common are an error', async () => {
    const other = await run(base, file('t.json', { metrics: { latency: { unit: 'tokens', values: [1] } } }));
    expect(other.problems[1]).toBe('t.json: latency: is in tokens, and the baseline in ms: bring both to one unit');
  });

  test('text in a column of numbers, a short row and an open quote are listed with their places', async () => {
    const wrong = file('w.csv', 'id,latency_ms\na,12\nb,12ms\nc,"1,5"\nd\ne,"7\n');
    const said = await run(wrong, base);
    expect(said.problems.slice(1)).toEqual([
      'w.csv:3:3: latency: must be a plain number; found "12ms": leave out "ms" and say it with --unit',
      'w.csv:4:3: latency: must be a number with a decimal point; found "1,5"',
      'w.csv:5:2: latency: is missing: the row has 1 cells',
      'w.csv:6: a quote that opens here is never closed',
    ]);
  });

  test('an empty cell is no value, and other columns need not be numbers when one metric is asked for', async () => {
    const gaps = file('gaps.csv', `tokens,latency_ms\nx,\n${values.map(v => `x,${v}`).join('\n')}\n`);
    const said = await run(base, gaps, { metric: ['latency'] });
    expect(said.document.metrics[0].n.candidate).toBe(60);
  });

  test('without a known column it says which there are and how to name one', async () => {
    const said = await run(file('n.csv', 'a,b\n1,2'), base);
    expect(said.problems[1]).toMatch(/^n\.csv:1: no column has the name of a known metric; found a, b: say --column/);
    const asked = await run(at('n.csv'), base, { column: ['latency=c'] });
    expect(asked.problems[1]).toBe('n.csv:1: has no column c; found a, b');
  });

  test('bytes that are no UTF-8 are an error with a line', async () => {
    const latin = at('latin.csv');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(latin, Buffer.from([...Buffer.from('latency\n1\n'), 0xe4, 0x0a]));
    expect((await run(latin, base)).problems[1]).toMatch(/^latin\.csv:\d: is not UTF-8 text/);
  });
});

describe('a sample file', () => {
  test('what is wrong with it is listed with its place', async () => {
    const wrong = file(
      'wrong.json',
      '{ "metrics": {\n  "latency": { "values": [1, "x",\n null], "direction": "up", "foo": 1 },\n  "cost": 7 } }',
    );
    expect((await run(wrong, base)).problems).toEqual([
      '5 problems in wrong.json',
      'wrong.json:3:35: metrics.latency.foo: is not a field of a metric; allowed: unit, direction, values, caseIds',
      'wrong.json:3:22: metrics.latency.direction: must be lowerIsBetter or higherIsBetter; found "up"',
      'wrong.json:2:30: metrics.latency.values[1]: must be a number; found "x"',
      'wrong.json:3:2: metrics.latency.values[2]: must be a number; found nothing: write "Infinity" for a time-out',
      'wrong.json:4:11: metrics.cost: must be an object { unit?, direction, values, caseIds? }',
    ]);
  });

  test('too few case ids, and text that is no JSON, are errors with a place', async () => {
    const few = await run(file('few.json', samples([1, 2], { caseIds: ['a'] })), base);
    expect(few.problems[1]).toMatch(/holds 1 ids for 2 values: as many are needed$/);
    const broken = await run(file('broken.json', '{"metrics":\n {"latency": [1,}'), base);
    expect(broken.problems[1]).toBe("broken.json:2:17: is not JSON: Unexpected token '}'");
  });

  test('a metric that nobody knows needs its direction', async () => {
    const own = file('own.json', { metrics: { warmth: { values: [10, 20] } } });
    expect((await run(own, own)).problems[1]).toMatch(
      /^own\.json: warmth: which way is worse\? Say --direction warmth=/,
    );
    expect((await run(own, own, { direction: ['warmth=higherIsBetter'] })).exit).toBe(0);
  });

  test('arms that disagree about the direction are an error', async () => {
    const up = file('up.json', samples([1, 2], { direction: 'higherIsBetter' }));
    expect((await run(base, up)).problems[1]).toMatch(
      /^up\.json: latency: is higherIsBetter here and lowerIsBetter in /,
    );
  });

  test('any other JSON is refused with what can be compared', async () => {
    const said = await run(file('list.json', '[{"latency": 1}]'), base);
    expect(said.problems[1]).toContain('list.json:1:1: is none of the documents that can be compared');
  });
});

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
    expect(said.text).toContain('note: k2.json: http_req_duration: med 900, p(95) 500; for reading, not compared');
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

test('a file of any length keeps a bounded, evenly drawn sample', () => {
  const arm = { file: 'f', metrics: new Map(), unsampled: new Map(), notes: [] as string[] };
  const collector = new Collector({ withCases: false, most: 1000 });
  for (let i = 0; i < 100_000; i++) collector.add(i);
  collector.into(arm, 'latency', {});
  const { values } = arm.metrics.get('latency');
  const mean = values.reduce((sum: number, value: number) => sum + value, 0) / 1000;
  expect(values).toHaveLength(1000);
  expect(Math.abs(mean - 50_000)).toBeLessThan(4 * (100_000 / Math.sqrt(12 * 1000)));
  expect(arm.notes).toEqual(['f: latency: a random 1,000 of 100,000 values were kept']);
});

test('cases beyond the bound are refused, because thinning would break the pairs', () => {
  const collector = new Collector({ withCases: true, most: 2 });
  expect([collector.add(1, 'a'), collector.add(1, 'b'), collector.add(1, 'c')]).toEqual([true, true, false]);
});

test('a file that is not there is named', async () => {
  const said = await run(base, at('nowhere.json'));
  expect(said).toMatchObject({ exit: 2, problems: ['Cannot read nowhere.json: there is no such file'] });
  expect(plain(at('x'))).toBe('x');
});

test('a folder and a pipe are refused', async () => {
  expect((await run(base, at('.'))).problems[0]).toMatch(/it is no regular file/);
  expect((await run(base, '/dev/null')).problems[0]).toMatch(/it is no regular file; write it to one first$/);
});

test('Ctrl-C ends the reading of a long file', async () => {
  const long = file('long.csv', `latency\n${'1\n'.repeat(1000)}`);
  const said = await run(base, long, {}, AbortSignal.abort());
  expect(said).toMatchObject({ exit: 3, problems: ['Reading long.csv was interrupted.'] });
});
