import { describe, expect, test } from 'vitest';
import { nextStep, type View, type WorkloadView } from './next-step.ts';

const OLD = `sha256:${'a'.repeat(64)}`;
const NEW = `sha256:${'b'.repeat(64)}`;
const NEWER = `sha256:${'c'.repeat(64)}`;

const workload = (change: Partial<WorkloadView> = {}): WorkloadView => ({
  version: OLD,
  isPaused: false,
  isHeld: false,
  isRolledOut: true,
  mayRevert: true,
  ...change,
});
const held = (version = NEW, change: Partial<WorkloadView> = {}) =>
  workload({ version, isPaused: true, isHeld: true, isRolledOut: false, ...change });
const view = (change: Partial<View> = {}): View => ({
  isDeleting: false,
  problems: [],
  gate: 'policy',
  workload: workload(),
  baseline: OLD,
  active: undefined,
  last: undefined,
  heldBy: null,
  hasLeftovers: false,
  ...change,
});
const ended = (phase: 'cancelled' | 'failed' | 'rolledBack', isHeldBack = false) => ({
  id: 'rel_1',
  version: NEW,
  phase,
  isHeldBack,
  isTakenBack: false,
});

function said(change: Partial<View>): string {
  const step = nextStep(view(change));
  return step.do === 'end' ? `${step.do} by ${step.command}` : step.do;
}

describe('with nothing under way', () => {
  test.each<[string, Partial<View>, string]>([
    ['what serves is taken as the baseline', { baseline: null }, 'adopt'],
    ['a roll under way is waited for first', { baseline: null, workload: workload({ isRolledOut: false }) }, 'nothing'],
    [
      'a template that was held before anyone looked does not hide what serves',
      { baseline: null, workload: held() },
      'adopt',
    ],
    ['the same template again is nothing', {}, 'nothing'],
    ['a new template is a release', { workload: held() }, 'release'],
    ['a new template of a wrong document waits', { workload: held(), problems: ['spec.x is wrong'] }, 'nothing'],
    ['a template set back while held is let go', { workload: held(OLD) }, 'sweep'],
    ['a candidate that is left goes first', { workload: held(), hasLeftovers: true }, 'sweep'],
    ['also while something is wrong', { workload: held(), hasLeftovers: true, problems: ['spec.x is wrong'] }, 'sweep'],
    ['a workload that is not there is waited for', { workload: undefined }, 'nothing'],
  ])('%s', (_name, change, expected) => expect(said(change)).toBe(expected));

  test.each<[string, Partial<View>, string]>([
    ['is not tried again', { workload: held(NEW, { mayRevert: false }), heldBy: 'rel_1' }, 'nothing'],
    ['has its template taken back where that is allowed', { workload: held(), heldBy: 'rel_1' }, 'sweep'],
    ['may be followed by another', { workload: held(NEWER), last: ended('rolledBack') }, 'release'],
  ])('a version that was rolled back %s', (_name, change, expected) => expect(said(change)).toBe(expected));

  test.each(['cancelled', 'failed'] as const)(
    'a version that was %s is not tried again by itself, but when it is applied again',
    phase => {
      expect(said({ workload: held(), last: ended(phase) })).toBe('holdBack');
      expect(said({ last: ended(phase, true) })).toBe('forgive');
      expect(said({ last: ended(phase) })).toBe('nothing');
      expect(said({ workload: held(), last: { ...ended(phase), isTakenBack: true } })).toBe('release');
    },
  );

  test('what went by the gate becomes the baseline when it is out, and says so', () => {
    expect(said({ workload: workload({ version: NEW, isRolledOut: false }) })).toBe('nothing');
    const step = nextStep(view({ workload: workload({ version: NEW, breakGlass: 'the site is down' }) }));
    expect(step).toEqual({ do: 'adopt', why: 'the held template was let loose: the site is down' });
  });

  test('without a policy the workload stays paused between releases', () => {
    expect(said({ gate: 'paused' })).toBe('pause');
    expect(said({ gate: 'paused', workload: workload({ isPaused: true }) })).toBe('nothing');
    expect(said({ gate: 'paused', workload: workload({ version: NEW, isPaused: true }) })).toBe('release');
  });
});

describe('beside an active release', () => {
  const active = { version: NEW, phase: 'rollingOut' as const };
  test.each<[string, Partial<View>, string]>([
    ['its own template is nothing new', { active, workload: held() }, 'nothing'],
    ['a newer template supersedes it', { active, workload: held(NEWER) }, 'release'],
    ['a newer one that was rolled back does not', { active, workload: held(NEWER), heldBy: 'rel_0' }, 'nothing'],
    ['the old template ends it', { active, workload: held(OLD) }, 'end by cancel'],
    [
      'a template let loose ends it',
      { active, workload: workload({ version: NEW, isRolledOut: false }) },
      'end by cancel',
    ],
    ['a workload that is gone does not', { active, workload: undefined }, 'nothing'],
    [
      'a promotion is let be',
      { active: { version: NEW, phase: 'promoting' }, workload: workload({ version: NEW }) },
      'nothing',
    ],
    [
      'the old template in a promotion takes it back',
      { active: { version: NEW, phase: 'promoting' }, workload: held(OLD) },
      'end by rollback',
    ],
    [
      'a newer template waits for a promotion',
      { active: { version: NEW, phase: 'promoting' }, workload: held(NEWER) },
      'nothing',
    ],
    ['a rollback is let be', { active: { version: NEW, phase: 'rollingBack' }, workload: held(OLD) }, 'nothing'],
  ])('%s', (_name, change, expected) => expect(said(change)).toBe(expected));
});

describe('a deletion', () => {
  test.each<[string, Partial<View>, string]>([
    ['brings traffic back first', { active: { version: NEW, phase: 'rollingOut' } }, 'end by cancel'],
    ['takes a promotion back', { active: { version: NEW, phase: 'promoting' } }, 'end by rollback'],
    ['waits for that', { active: { version: NEW, phase: 'rollingBack' } }, 'nothing'],
    ['then takes the candidate away', { hasLeftovers: true }, 'sweep'],
    ['lets a held workload go', { workload: held() }, 'sweep'],
    ['is let through', {}, 'letDelete'],
    ['is let through when all is gone already', { workload: undefined, problems: ['no route'] }, 'letDelete'],
  ])('%s', (_name, change, expected) => expect(said({ ...change, isDeleting: true })).toBe(expected));
});
