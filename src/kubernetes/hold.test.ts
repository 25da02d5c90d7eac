import { describe, expect, test } from 'vitest';
import { type Hold, holdOf, isMarked, wantedHold } from './hold.ts';
import { hpa } from './objects.test-support.ts';

const held = (hold: Partial<Hold>, minReplicas: number) => {
  const one = hpa({ minReplicas });
  one.metadata.annotations = { 'spillway.dev/hold': JSON.stringify(hold) };
  return one;
};
const HOLD: Hold = { pipeline: 'web', minReplicas: 5, before: 2 };

describe('the lower bound of an autoscaler', () => {
  test('is held at the number of pods that carry the traffic, and knows what it was', () =>
    expect(wantedHold(hpa(), 'web', 5)).toEqual(HOLD));

  test.each([
    ['not above its upper bound', 20, 10],
    ['not below what it is', 1, 2],
  ])('is held %s', (_name, stable, minReplicas) =>
    expect(wantedHold(hpa(), 'web', stable)).toEqual({ ...HOLD, minReplicas }),
  );

  test('stays at the recorded number, whatever the Deployment does meanwhile', () =>
    expect(wantedHold(held(HOLD, 5), 'web', 9)).toBeUndefined());

  test('that somebody writes during a release is what it gets after it', () =>
    expect(wantedHold(held(HOLD, 3), 'web', 5)).toEqual({ ...HOLD, before: 3 }));

  test('is left alone for a Deployment at zero, for which it counts nothing', () =>
    expect(wantedHold(hpa(), 'web', 0)).toBeUndefined());
});

test.each(['', 'null', '{}', '{"pipeline":"web","minReplicas":"5","before":2}'])(
  'an annotation that says %j is no hold',
  text => {
    const one = hpa();
    one.metadata.annotations = { 'spillway.dev/hold': text };
    expect(holdOf(one)).toBeUndefined();
  },
);

describe('the trace of a hold', () => {
  const managed = (...managers: string[]) => {
    const one = hpa();
    one.metadata.managedFields = managers.map(manager => ({ manager }));
    return isMarked(one);
  };
  test('is the ownership of a field', () => {
    expect(managed('kubectl', 'spillway')).toBe(true);
    expect(managed('spillway-hold', 'kubectl')).toBe(true);
    expect(managed('kubectl')).toBe(false);
  });
  test('that the API server would keep is not one, or the sweep would never end', () =>
    expect(managed('spillway')).toBe(false));
  test('is the annotation', () => expect(isMarked(held(HOLD, 5))).toBe(true));
});
