import { describe, expect, test } from 'vitest';
import { inStage } from '../rollout/release.test-support.ts';
import { askedOf, deedOf, isOnceOnly } from './person.ts';

const annotated = (annotations: Record<string, string>) => ({ metadata: { name: 'web', annotations } });
const asked = (text: string, reason?: string) => ({ text, reason, actor: 'ann' });

describe('an annotation', () => {
  test('is a command with its reason, by whom the API server says', () => {
    const of = askedOf(
      annotated({ 'spillway.dev/command': ' rollback ', 'spillway.dev/reason': 'slow', 'spillway.dev/actor': 'ann' }),
    );
    expect(of).toEqual({ text: 'rollback', reason: 'slow', actor: 'ann' });
  });

  test('that is empty or missing asks nothing', () => {
    expect(askedOf(annotated({ 'spillway.dev/command': '' }))).toBeUndefined();
    expect(askedOf(annotated({}))).toBeUndefined();
  });
});

test('a promotion of a stage that was left meanwhile is for that stage alone', () => {
  const of = askedOf(annotated({ 'spillway.dev/command': 'promote', 'spillway.dev/stage': '2/4' }));
  expect(deedOf(of!, inStage(3))).toMatchObject({ command: { kind: 'promote', fromStage: 1 } });
});

describe('a command', () => {
  test.each([
    ['promote', { kind: 'promote', full: false, fromStage: 1, actor: 'ann' }],
    ['promote --full', { kind: 'promote', full: true, fromStage: 1, actor: 'ann' }],
    ['pause', { kind: 'pause', actor: 'ann' }],
    ['resume', { kind: 'resume', actor: 'ann' }],
    ['approve', { kind: 'approve', actor: 'ann' }],
    ['rollback', { kind: 'rollback', reason: 'asked for by ann', actor: 'ann' }],
    ['cancel', { kind: 'cancel', actor: 'ann' }],
  ])('%s is given to the active release, for the stage that it is in', (text, command) =>
    expect(deedOf(asked(text), inStage(1))).toEqual({ command }),
  );

  test('that nobody knows is refused with those that there are', () =>
    expect(deedOf(asked('promot'), inStage(1))).toMatchObject({
      refused: expect.stringContaining('promote, promote --full'),
    }));

  test('without a release is refused, but a retry', () => {
    expect(deedOf(asked('pause'), undefined)).toEqual({ refused: 'no release is active' });
    expect(deedOf(asked('retry'), undefined)).toEqual({ retry: true });
  });

  test('of a rollback is done where one has ended: it may be carried out before its turn comes', () => {
    for (const phase of ['rolledBack', 'cancelled'] as const) {
      const newest = { ...inStage(1), phase };
      expect(deedOf(asked('rollback'), newest)).toEqual({ done: newest });
    }
    const succeeded = { ...inStage(1), phase: 'succeeded' as const };
    expect(deedOf(asked('rollback'), succeeded)).toEqual({ refused: 'no release is active' });
    expect(deedOf(asked('pause'), { ...succeeded, phase: 'rolledBack' })).toEqual({ refused: 'no release is active' });
  });

  test('that goes one step further counts once', () =>
    expect(
      ['promote', 'promote --full', 'resume', 'retry', 'rollback', 'pause'].map(text => isOnceOnly(asked(text))),
    ).toEqual([true, true, true, true, false, false]));
});
