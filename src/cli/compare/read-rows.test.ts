import { describe, expect, test } from 'vitest';
import { folder, latencies, samples } from './compare.test-support.ts';

const { file, run, at } = folder();
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
    expect((await run(latin, base)).problems[1]).toMatch(/^latin\.csv:\d+:\d+: is not UTF-8 text/);
  });
});
