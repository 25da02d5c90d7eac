import { describe, expect, test } from 'vitest';
import { Collector } from './collector.ts';
import { folder, latencies, samples } from './compare.test-support.ts';

const { file, run, at, plain } = folder();
const base = file('base.json', samples(latencies(60, 1)));

describe('a sample file', () => {
  test('what is wrong with it is listed with its place', async () => {
    const wrong = file(
      'wrong.json',
      '{ "metrics": {\n  "latency": { "values": [1, "x",\n null], "direction": "up", "foo": 1 },\n  "cost": 7 } }',
    );
    expect((await run(wrong, base)).problems).toEqual([
      '5 problems in wrong.json',
      'wrong.json:3:35: metrics.latency.foo: is not a field of a metric; allowed: unit, direction, values, histogram, caseIds',
      'wrong.json:3:22: metrics.latency.direction: must be lowerIsBetter or higherIsBetter; found "up"',
      'wrong.json:2:30: metrics.latency.values[1]: must be a number; found "x"',
      'wrong.json:3:2: metrics.latency.values[2]: must be a number; found nothing: write "Infinity" for a time-out',
      'wrong.json:4:11: metrics.cost: must be an object { unit?, direction, values, caseIds? } or { unit?, direction, histogram }',
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
  expect((await run(base, at('.'))).problems[0]).toMatch(/it is a folder$/);
  expect((await run(base, '/dev/null')).problems[0]).toMatch(/it is no regular file; write it to one first$/);
});

test('Ctrl-C ends the reading of a long file', async () => {
  const long = file('long.csv', `latency\n${'1\n'.repeat(1000)}`);
  const said = await run(base, long, {}, AbortSignal.abort());
  expect(said).toMatchObject({ exit: 3, problems: ['Reading long.csv was interrupted.'] });
});
