import { describe, expect, test } from 'vitest';
import { SpillwayError } from '../../errors.ts';
import type { VectorItem } from './answer.ts';
import { prometheusSource } from './source.ts';

const QUERIES = { requests: 'requests_total', errors: 'requests_total{code="500"}' };

/** A client that answers what the test puts into it: counters of the candidate's only process, or a failure. */
function scriptedSource() {
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
  const source = prometheusSource(client, { baseline: QUERIES, candidate: QUERIES });
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
