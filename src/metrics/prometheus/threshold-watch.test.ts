import { describe, expect, test } from 'vitest';
import { SpillwayError } from '../../errors.ts';
import type { QueryResult } from './answer.ts';
import { thresholdWatch } from './threshold-watch.ts';

const QUEUE = { name: 'queue', query: 'queue_length', max: 100 };
const scalar = (value: number): QueryResult => ({ type: 'scalar', atMs: 0, value });

/** A Prometheus that answers when the test says so. */
function scripted() {
  const asked: { query: string; answer: (result: QueryResult | Error) => void }[] = [];
  const client = {
    instant: (query: string) =>
      new Promise<QueryResult>((resolve, reject) => {
        asked.push({ query, answer: result => (result instanceof Error ? reject(result) : resolve(result)) });
      }),
    range: async () => [],
    close: async () => {},
  };
  /** Answers all that is asked for now, and lets the round end. */
  async function answer(...results: (QueryResult | Error)[]): Promise<void> {
    for (const [i, { answer: give }] of asked.splice(0).entries()) give(results[i]!);
    await new Promise(resolve => setImmediate(resolve));
  }
  return { client, asked, answer };
}

describe('a watch on thresholds', () => {
  test('says at once that it does not know yet, and what it found when the answer is there', async () => {
    const { client, answer } = scripted();
    const watch = thresholdWatch(client, [QUEUE]);
    expect(watch.look(0)).toEqual({ unknown: 'the thresholds have not been asked for yet' });
    await answer(scalar(99));
    expect(watch.look(1)).toEqual({});
  });

  test('calls a crossed limit unhealthy, with the number', async () => {
    const { client, answer } = scripted();
    const watch = thresholdWatch(client, [QUEUE, { name: 'hits', query: 'hit_ratio', min: 0.9 }]);
    watch.look(0);
    await answer(scalar(101), scalar(0.5));
    expect(watch.look(1)).toEqual({ unhealthy: 'queue is 101, above 100; hits is 0.5, below 0.9' });
  });

  test('a Prometheus that hangs is asked once, and holds up no look', async () => {
    const { client, asked, answer } = scripted();
    const watch = thresholdWatch(client, [QUEUE]);
    for (let second = 0; second < 60; second++) watch.look(second * 1_000);
    expect(asked.length).toBe(1);
    await answer(scalar(1));
    watch.look(60_000);
    expect(asked.length).toBe(1);
  });

  test('is asked at most once a second', async () => {
    const { client, asked, answer } = scripted();
    const watch = thresholdWatch(client, [QUEUE]);
    watch.look(0);
    await answer(scalar(1));
    watch.look(999);
    expect(asked.length).toBe(0);
    watch.look(1_000);
    expect(asked.length).toBe(1);
  });

  test('a number that cannot be had is unknown, and takes back what was seen before; the others are judged', async () => {
    const { client, answer } = scripted();
    const watch = thresholdWatch(client, [QUEUE, { name: 'load', query: 'load', max: 1 }]);
    watch.look(0);
    await answer(scalar(101), scalar(0));
    expect(watch.look(1_000)).toHaveProperty('unhealthy');
    await answer(new SpillwayError('METRICS_UNREACHABLE', 'No connection'), scalar(2));
    expect(watch.look(1_001)).toEqual({ unhealthy: 'load is 2, above 1', unknown: 'queue: No connection' });
  });

  test('a limit without a number is unknown, not a crash', async () => {
    const { client, answer } = scripted();
    const watch = thresholdWatch(client, [{ name: 'nothing', query: 'q' }]);
    watch.look(0);
    await answer(scalar(1));
    expect(watch.look(1).unknown).toContain('nothing needs max or min');
  });
});
