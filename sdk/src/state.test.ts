import { describe, expect, test } from 'vitest';
import { BASELINE, CANDIDATE, settled, split } from '../test/protocol-server.ts';
import type { Assignment } from './protocol.ts';
import { createState, type State } from './state.ts';

/** A state after one whole snapshot. */
function after(...assignments: Assignment[]): State {
  const state = createState();
  reconnect(state, ...assignments);
  return state;
}

function reconnect(state: State, ...assignments: Assignment[]): void {
  state.begin();
  for (const assignment of assignments) state.apply({ kind: 'assignment', assignment });
  state.apply({ kind: 'synced' });
}

function at(state: State, unit: string | undefined = 'user-1', isLeaseLive = true): string {
  const found = state.resolve('support-bot', unit, isLeaseLive);
  return typeof found === 'string' ? found : `${found.variant} ${found.reason}`;
}

describe('resolving', () => {
  test('splits units by the weight', () => {
    expect(at(after(split(100, 1)))).toBe('candidate SPLIT');
    expect(at(after(split(0, 1)))).toBe('baseline SPLIT');
  });

  test('gives the content of the arm', () => {
    expect(after(split(100, 1)).resolve('support-bot', 'user-1', true)).toEqual({
      ...CANDIDATE,
      variant: 'candidate',
      reason: 'SPLIT',
    });
    expect(after(split(0, 1)).resolve('support-bot', 'user-1', true)).toMatchObject(BASELINE);
  });

  test('a unit that is missing or empty gets the baseline, even at weight 100', () => {
    const state = after(split(100, 1));
    expect(state.resolve('support-bot', undefined, true)).toMatchObject({ variant: 'baseline', reason: 'DEFAULT' });
    expect(at(state, '')).toBe('baseline DEFAULT');
  });

  test('a lapsed lease means the baseline for a split, and nothing for a version that serves alone', () => {
    expect(at(after(split(100, 1)), 'user-1', false)).toBe('baseline STALE');
    const promoted = after(settled(CANDIDATE, 1));
    expect(promoted.resolve('support-bot', 'user-1', false)).toMatchObject({ ...CANDIDATE, reason: 'STATIC' });
  });

  test('an unknown key is not ready before the whole state has come, and not found after it', () => {
    const state = createState();
    expect(at(state)).toBe('PROVIDER_NOT_READY');
    state.apply({ kind: 'synced' });
    expect(at(state)).toBe('FLAG_NOT_FOUND');
  });

  test('a known key resolves before the rest of the state has come', () => {
    const state = createState();
    state.apply({ kind: 'assignment', assignment: split(100, 1) });
    expect(at(state)).toBe('candidate SPLIT');
    expect(state.isSynced()).toBe(false);
  });

  test.each(['__proto__', 'constructor', 'toString'])('the key %s is a key like any other', key => {
    expect(after(split(100, 1)).resolve(key, 'user-1', true)).toBe('FLAG_NOT_FOUND');
  });
});

describe('epochs', () => {
  test('a lower epoch is dropped, so a late raise never undoes a rollback', () => {
    const state = after(split(100, 4));
    expect(state.apply({ kind: 'assignment', assignment: split(0, 5) })).toBe(true);
    expect(state.apply({ kind: 'assignment', assignment: split(100, 4) })).toBe(false);
    expect(at(state)).toBe('baseline SPLIT');
  });

  test('the same epoch is accepted only with the same content', () => {
    const state = after(split(0, 5));
    expect(state.apply({ kind: 'assignment', assignment: structuredClone(split(0, 5)) })).toBe(true);
    expect(state.apply({ kind: 'assignment', assignment: split(100, 5) })).toBe(false);
    expect(at(state)).toBe('baseline SPLIT');
  });

  test('the highest epoch is kept across connections', () => {
    const state = after(settled(BASELINE, 9));
    reconnect(state, split(100, 8));
    expect(at(state)).toBe('baseline STATIC');
  });

  test('a split that the new connection does not know of is not vouched for: baseline', () => {
    const state = after(split(100, 5));
    reconnect(state);
    expect(at(state)).toBe('baseline STALE');
  });

  test('a server that lags behind cannot renew the split it does not know, until it has caught up', () => {
    const state = after(split(100, 5));
    reconnect(state, split(50, 4));
    expect(at(state)).toBe('baseline STALE');
    state.apply({ kind: 'assignment', assignment: split(100, 5) });
    expect(at(state)).toBe('candidate SPLIT');
  });

  test('a split stays in force while the new connection still sends its state', () => {
    const state = after(split(100, 5));
    state.begin();
    expect(at(state)).toBe('candidate SPLIT');
  });

  test('a version that serves alone is kept although the new connection does not know it', () => {
    const state = after(settled(CANDIDATE, 5));
    reconnect(state);
    expect(at(state)).toBe('baseline STATIC');
  });
});

describe('a removed artifact', () => {
  test('is not found any more, and an older assignment does not bring it back', () => {
    const state = after(split(100, 5));
    state.apply({ kind: 'removed', artifact: 'support-bot' });
    expect(at(state)).toBe('FLAG_NOT_FOUND');
    state.apply({ kind: 'assignment', assignment: split(100, 4) });
    expect(at(state)).toBe('FLAG_NOT_FOUND');
  });

  test('comes back with a higher epoch', () => {
    const state = after(split(100, 5));
    state.apply({ kind: 'removed', artifact: 'support-bot' });
    state.apply({ kind: 'assignment', assignment: settled(CANDIDATE, 6) });
    expect(at(state)).toBe('baseline STATIC');
  });

  test('that was never known changes nothing', () => {
    const state = after();
    expect(state.apply({ kind: 'removed', artifact: 'support-bot' })).toBe(true);
    expect(at(state)).toBe('FLAG_NOT_FOUND');
  });
});
