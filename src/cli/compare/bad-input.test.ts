/** What a user may hand to `compare` by mistake, and what each mistake is told as. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { folder, latencies, samples } from './compare.test-support.ts';

const { at, file, run } = folder();
const base = file('base.json', samples(latencies(40, 1)));
const bytes = (name: string, ...parts: (string | Uint8Array)[]) => {
  writeFileSync(at(name), Buffer.concat(parts.map(part => Buffer.from(part))));
  return at(name);
};
const LATIN = Uint8Array.of(0xe9);

describe('a file that is no text is told with line, column and what it probably is', () => {
  test.each<[string, () => string, string]>([
    [
      'Latin-1 in JSON',
      () => bytes('l.json', '{"metrics":\n{"é', LATIN, '":{}}}'),
      'l.json:2:4: is not UTF-8 text (byte 0xE9); save it as UTF-8',
    ],
    [
      'Latin-1 in JSON Lines',
      () => bytes('l.jsonl', '{"latency":1}\n'.repeat(9000), '{"x":"', LATIN, '"}\n'),
      'l.jsonl:9001:7: is not UTF-8 text (byte 0xE9); save it as UTF-8',
    ],
    [
      'Latin-1 in CSV',
      () => bytes('l.csv', 'latency\n1\n', LATIN, '\n'),
      'l.csv:3:1: is not UTF-8 text (byte 0xE9); save it as UTF-8',
    ],
    [
      'a character cut at the end',
      () => bytes('c.csv', 'latency\n1\n', Uint8Array.of(0xe2, 0x82)),
      'c.csv:3:1: is not UTF-8 text (byte 0xE2); save it as UTF-8',
    ],
    [
      'UTF-16 in CSV',
      () => bytes('u.csv', Uint8Array.of(0xff, 0xfe), Buffer.from('latency\n1\n', 'utf16le')),
      'u.csv:1:1: is UTF-16 text; save it as UTF-8',
    ],
    [
      'UTF-16 in JSON',
      () => bytes('u.json', Uint8Array.of(0xff, 0xfe), Buffer.from('{}', 'utf16le')),
      'u.json:1:1: is UTF-16 text; save it as UTF-8',
    ],
    ['gzip', () => bytes('g.json', gzipSync('{}')), 'g.json:1:1: is compressed (gzip); unpack it first'],
    ['zeros', () => bytes('z.csv', 'latency\n', new Uint8Array(50)), 'z.csv:2:1: holds a NUL byte: this is no text'],
  ])('%s', async (_name, make, problem) => {
    const said = await run(base, make());
    expect(said).toMatchObject({ exit: 2, text: '', document: undefined });
    expect(said.problems.slice(1)).toEqual([problem]);
  });
});

describe('an empty file is a mistake, an empty arm an answer', () => {
  test.each(['e.json', 'e.jsonl', 'e.csv', 'e'])('%s', async name => {
    const said = await run(base, file(name, ''));
    expect(said.problems).toEqual([`1 problem in ${name}`, `${name}: is empty`]);
  });

  test.each<[string, unknown]>([
    ['none.json', samples([])],
    ['none.csv', 'latency\n'],
  ])('%s', async (name, content) => {
    const said = await run(base, file(name, content));
    expect(said).toMatchObject({
      exit: 0,
      document: { verdict: 'inconclusive', why: 'latency: nothing to compare with, n = 40 v 0' },
    });
  });
});

describe('two columns that mean one metric', () => {
  test.each<[string, string, string]>([
    [
      'two.csv',
      'latency,latency_ms\n1,2\n',
      'two.csv:1: columns 1 and 2 both mean latency; say which one with --column latency=…',
    ],
    [
      'two.jsonl',
      '{"latency":1,"latencyMs":2}\n',
      'two.jsonl: latency and latencyMs both mean latency; say which one with --column latency=…',
    ],
  ])('%s: one has to be named, neither is taken silently', async (name, content, problem) => {
    const said = await run(base, file(name, content));
    expect(said.problems.slice(1)).toEqual([problem]);
    const named = await run(base, at(name), { column: [`latency=${name.endsWith('csv') ? 2 : 'latencyMs'}`] });
    expect(named.problems).toEqual([]);
  });
});

test('NaN and Infinity without quotes, as some languages write them, are told with the cure', async () => {
  const said = await run(base, file('nan.json', '{"metrics":{"latency":{"values":[1,\n -Infinity]}}}'));
  expect(said.problems[1]).toBe('nan.json:2:2: is not JSON: -Infinity has to stand in quotes: "-Infinity"');
  const lines = await run(base, file('nan.jsonl', '{"latency":1}\n{"latency":NaN}\n'));
  expect(lines.problems[1]).toBe('nan.jsonl:2:12: is not JSON: NaN has to stand in quotes: "NaN"');
});

test('ids that stand more than once are repeats, and are told', async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `case ${Math.max(3, i)}`);
  const twice = file('twice.json', samples(latencies(40, 2), { caseIds: ids }));
  const said = await run(twice, twice);
  expect(said.document.metrics[0].n).toEqual({ baseline: 37, candidate: 37 });
  expect(said.text).toContain(
    'twice.json: 3 more values than cases: each case counts once, with the mean of its values',
  );
});

test('what is wrong with both files is told at once', async () => {
  const said = await run(file('a.csv', 'latency\nfast\n'), bytes('b.csv', 'latency\n', LATIN, '\n'));
  expect(said.problems).toEqual([
    '2 problems in a.csv and b.csv',
    'a.csv:2:1: latency: must be a number; found "fast"',
    'b.csv:2:1: is not UTF-8 text (byte 0xE9); save it as UTF-8',
  ]);
  mkdirSync(at('dir'));
  const neither = await run(at('nowhere'), at('dir'));
  expect(neither.problems).toEqual(['Cannot read nowhere: there is no such file. Cannot read dir: it is a folder']);
});

test.skipIf(process.platform === 'win32')('a named pipe is refused at once: nobody may ever write to it', async () => {
  execFileSync('mkfifo', [at('fifo')]);
  expect((await run(base, at('fifo'))).problems).toEqual([
    'Cannot read fifo: it is no regular file; write it to one first',
  ]);
});
