import { describe, expect, test } from 'vitest';
import { BlockQueue, blockShape } from './block-queue.ts';

describe('the shape of a block', () => {
  test.each([
    [10, { baseline: 9, candidate: 1 }],
    [25, { baseline: 3, candidate: 1 }],
    [50, { baseline: 1, candidate: 1 }],
    [75, { baseline: 1, candidate: 3 }],
    [95, { baseline: 1, candidate: 19 }],
    [1, { baseline: 32, candidate: 1 }],
    [0, null],
    [100, null],
  ])('at weight %i', (weight, shape) => expect(blockShape(weight)).toEqual(shape));
});

describe('a queue', () => {
  test('pairs values in arrival order as soon as both arms have enough', () => {
    const queue = new BlockQueue();
    queue.reshape({ baseline: 2, candidate: 1 });
    expect([queue.offer('baseline', 1), queue.offer('candidate', 7), queue.offer('baseline', 2)]).toEqual([
      undefined,
      undefined,
      { baseline: [1, 2], candidate: [7] },
    ]);
    expect(queue.offer('baseline', 3)).toBeUndefined();
  });

  test('lets the oldest values of an arm that runs ahead go', () => {
    const queue = new BlockQueue();
    queue.reshape({ baseline: 1, candidate: 1 });
    for (let i = 0; i < 100; i++) queue.offer('baseline', i);
    expect(queue.offer('candidate', 7)).toEqual({ baseline: [84], candidate: [7] });
  });

  test('lets half-open blocks go at a new shape, and pairs nothing without one', () => {
    const queue = new BlockQueue();
    queue.reshape({ baseline: 1, candidate: 1 });
    queue.offer('baseline', 1);
    queue.reshape(null);
    expect(queue.offer('candidate', 2)).toBeUndefined();
    queue.reshape({ baseline: 1, candidate: 1 });
    expect(queue.offer('candidate', 3)).toBeUndefined();
  });
});
