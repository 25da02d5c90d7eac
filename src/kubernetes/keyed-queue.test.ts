import { expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { manualClock } from '../clock.ts';
import { keyedQueue } from './keyed-queue.ts';

function open(work: (key: string) => Promise<void>) {
  const clock = manualClock();
  const errors: string[] = [];
  return {
    clock,
    errors,
    queue: keyedQueue(work, { clock, random: () => 0, onError: (key, error) => errors.push(`${key}: ${error}`) }),
  };
}

test('a key runs one at a time, and once more when it is asked for meanwhile', async () => {
  let runs = 0;
  let atOnce = 0;
  let most = 0;
  const gates: (() => void)[] = [];
  const { queue } = open(async () => {
    runs += 1;
    most = Math.max(most, ++atOnce);
    await new Promise<void>(resolve => gates.push(resolve));
    atOnce -= 1;
  });
  for (let n = 0; n < 5; n++) queue.add('a');
  for (let n = 0; n < 5; n++) queue.add('a');
  await until('the first runs', () => gates.length === 1);
  queue.add('a');
  gates[0]!();
  await until('the second runs', () => gates.length === 2);
  gates[1]!();
  await queue.end();
  expect([runs, most]).toEqual([2, 1]);
});

test('other keys do not wait, but for eight at once', async () => {
  const gates: (() => void)[] = [];
  const { queue } = open(() => new Promise<void>(resolve => gates.push(resolve)));
  for (let n = 0; n < 20; n++) queue.add(`key-${n}`);
  await until('eight run', () => gates.length === 8);
  for (let n = 0; n < 20; n++) {
    await until('there is another', () => gates[n]);
    gates[n]!();
  }
  await queue.end();
  expect(gates).toHaveLength(20);
});

test('a failure is told, and comes again after a pause', async () => {
  let runs = 0;
  const { queue, clock, errors } = open(async () => {
    runs += 1;
    if (runs === 1) throw new Error('no');
  });
  queue.add('a');
  await until('it failed', () => errors[0] === 'a: Error: no');
  expect(runs).toBe(1);
  clock.advance(100);
  await until('it ran again', () => runs === 2);
  await queue.end();
});

test('what is asked for later comes then, or earlier when something is new', async () => {
  let runs = 0;
  const { queue, clock } = open(async () => {
    runs += 1;
  });
  queue.addAfter('a', 1_000);
  clock.advance(999);
  queue.add('a');
  await until('it ran', () => runs === 1);
  clock.advance(10_000);
  await queue.end();
  expect(runs).toBe(1);
});

test('what is asked for sooner does not wait behind what was asked for later', async () => {
  let runs = 0;
  const { queue, clock } = open(async () => {
    runs += 1;
  });
  queue.addAfter('a', 60_000);
  queue.addAfter('a', 1_000);
  queue.addAfter('a', 30_000);
  clock.advance(1_000);
  await until('it ran', () => runs === 1);
  clock.advance(120_000);
  await queue.end();
  expect(runs).toBe(1);
});
