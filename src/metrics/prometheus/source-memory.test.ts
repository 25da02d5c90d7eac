import { describe, expect, test } from 'vitest';
import { SpillwayError } from '../../errors.ts';
import type { VectorItem } from './answer.ts';
import { decodeMemory, encodeMemory } from './memory-bytes.ts';
import type { Reading } from './reading.ts';
import { prometheusSource } from './source.ts';

const QUERIES = { requests: 'requests_total', errors: 'requests_total{code="500"}' };

/** A client that answers what the test puts into it: counters of the candidate's only process, or a failure. */
function scriptedSource(position?: Uint8Array, queries = { baseline: QUERIES, candidate: QUERIES }) {
  const script: (Record<string, number> | Error)[] = [];
  let asked = 0;
  const instant = async () => {
    asked++;
    const next = script.shift();
    if (!next || next instanceof Error) throw next ?? new Error('the script is over');
    const { at = 0, ...counters } = next;
    const items = Object.entries(counters).flatMap(([measure, value]): VectorItem[] => {
      const labels = (role: string) => ({ job: 'web', instance: 'p1', spillway_role: role });
      return [
        { labels: labels(`candidate/${measure}`), atMs: 0, value },
        { labels: labels(`at/candidate/${measure}`), atMs: 0, value: at },
      ];
    });
    return { type: 'vector', items } as const;
  };
  const client = { instant, range: async () => [], close: async () => {} };
  const source = prometheusSource(client, queries, position);
  return { source, script, asked: () => asked };
}

const failure = new SpillwayError('METRICS_UNREACHABLE', 'No connection');

describe('the memory of a source', () => {
  test('outlives looks that fail, and the silence is told from its beginning', async () => {
    const { source, script } = scriptedSource();
    script.push({ at: 1, requests: 10 }, failure, failure, { at: 2, requests: 15 }, failure);
    const polled = [];
    for (const nowMs of [100, 200, 300, 400, 500]) polled.push(await source.poll(nowMs));
    const failed = { silent: 'No connection', code: 'METRICS_UNREACHABLE' };
    expect(polled).toEqual([
      { silent: 'this was the first look: an interval needs two', sinceMs: 100 },
      { ...failed, sinceMs: 100 },
      { ...failed, sinceMs: 100 },
      expect.objectContaining({
        interval: expect.objectContaining({
          requests: { baseline: { count: 0, errors: 0 }, candidate: { count: 5, errors: 0 } },
        }),
      }),
      { ...failed, sinceMs: 500 },
    ]);
  });

  test('does not take in what was refused, so that it is counted when it fits', async () => {
    const { source, script } = scriptedSource();
    script.push(
      { at: 1, requests: 10, errors: 0 },
      { at: 2, requests: 10, errors: 1 },
      { at: 3, requests: 14, errors: 1 },
    );
    const [, refused, counted] = [await source.poll(1), await source.poll(2), await source.poll(3)];
    expect(refused).toMatchObject({ silent: expect.stringContaining('1 errors of 0 requests') });
    expect(counted).toMatchObject({ interval: { requests: { candidate: { count: 4, errors: 1 } } } });
  });

  test('is looked at once by polls at the same time', async () => {
    const { source, script, asked } = scriptedSource();
    script.push({ at: 1, requests: 10 }, { at: 2, requests: 15 });
    const [first, second] = await Promise.all([source.poll(1), source.poll(2)]);
    expect([first, asked()]).toEqual([second, 1]);
    await source.poll(3);
    expect(asked()).toBe(2);
  });
});

describe('a source that is opened where another one stood', () => {
  /** After an interval that ends with 15 requests at second 2. */
  async function positionOf(): Promise<Uint8Array> {
    const { source, script } = scriptedSource();
    script.push({ at: 1, requests: 10 }, { at: 2, requests: 15 });
    await source.poll(1);
    const polled = await source.poll(2);
    if (!('interval' in polled)) throw new Error(polled.silent);
    return polled.position();
  }
  const candidateOf = async ({ source }: ReturnType<typeof scriptedSource>) => {
    const polled = await source.poll(9);
    return 'interval' in polled ? polled.interval.requests.candidate : polled.silent;
  };

  test('counts what came since, and the first error of a process that it knew', async () => {
    const again = scriptedSource(await positionOf());
    again.script.push({ at: 9, requests: 40, errors: 3 });
    expect(await candidateOf(again)).toEqual({ count: 25, errors: 3 });
  });

  test('does not count again what was counted before', async () => {
    const again = scriptedSource(await positionOf());
    again.script.push({ at: 2, requests: 15 });
    expect(await candidateOf(again)).toContain('no scrape since');
  });

  test.each([
    ['damaged', async () => (await positionOf()).subarray(1)],
    ['too large to be kept', async () => new Uint8Array()],
  ])('begins as at a first look when the position is %s', async (_name, position) => {
    const again = scriptedSource(await position());
    again.script.push({ at: 9, requests: 40 });
    expect(await candidateOf(again)).toContain('first look');
  });

  test('begins as at a first look with other queries: what they find was never counted before', async () => {
    const other = { requests: 'others_total', errors: 'others_total{code="500"}' };
    const again = scriptedSource(await positionOf(), { baseline: QUERIES, candidate: other });
    again.script.push({ at: 9, requests: 40 });
    expect(await candidateOf(again)).toContain('first look');
  });
});

describe('the memory as bytes', () => {
  const reading: Record<string, Reading> = {
    counter: { kind: 'counter', value: 7 },
    classic: {
      kind: 'classic',
      cumulative: new Map([
        [0.1, 3],
        [Number.POSITIVE_INFINITY, 4],
      ]),
    },
    native: {
      kind: 'native',
      buckets: { schema: 3, zeroThreshold: 1e-9, zeroCount: 1, indexes: [-4, 2], counts: [5, 6] },
    },
  };
  const memoryOf = (found: Reading) =>
    new Map([
      ['key', { arm: 'candidate', measure: 'histogram/latency', target: 't', atMs: 5, reading: found } as const],
    ]);

  test.each(Object.keys(reading))('holds a %s exactly', kind => {
    const memory = memoryOf(reading[kind]!);
    expect(decodeMemory(encodeMemory(memory, 'q'), 'q')).toEqual(memory);
  });

  test('does not hold a number that JSON cannot write: an unknown past is not 0', () => {
    const endless = memoryOf({ kind: 'counter', value: Number.POSITIVE_INFINITY });
    expect(decodeMemory(encodeMemory(endless, 'q'), 'q')).toBeUndefined();
  });

  test('is empty beyond its bound', () => {
    const series = [...memoryOf(reading['counter']!).values()][0]!;
    const many = new Map(Array.from({ length: 30_000 }, (_, i) => [`${'k'.repeat(60)}${i}`, series]));
    expect(encodeMemory(many, 'q').length).toBe(0);
  });
});
