import { describe, expect, test } from 'vitest';
import { applyPatch } from '../kube/json-patch.test-support.ts';
import { deployment, template } from './objects.test-support.ts';
import type { Deployment } from './objects.ts';
import { isHeld, isOurs, pausePatch, putBackPatch, resumePatch, rollOf } from './own-deployment.ts';

function held(): Deployment {
  const one = deployment({ paused: true, template: template('web:2') });
  one.metadata.annotations = { 'spillway.dev/held': 'true', team: 'shop' };
  return one;
}
const free = () => deployment({ template: template('web:2') });

describe('a held Deployment', () => {
  test('is let go with its pause and its mark, and nothing else is touched', () => {
    const expected = free();
    expected.metadata.annotations = { team: 'shop' };
    expect(applyPatch(held(), resumePatch(held()))).toEqual(expected);
    expect(isHeld(held())).toBe(true);
    expect(isHeld(expected)).toBe(false);
  });

  test('is not let go with a template that was written since', () => {
    const newer = held();
    newer.spec.template = template('web:3');
    expect(() => applyPatch(newer, resumePatch(held()))).toThrow('/spec/template');
  });

  test('gets a template put back and is let go in one write, unless its spec has changed since', () => {
    const patch = putBackPatch(held(), template('web:1'));
    expect(applyPatch(held(), patch).spec).toEqual(deployment().spec);
    const scaled = held();
    scaled.metadata.generation = 2;
    expect(() => applyPatch(scaled, patch)).toThrow('/metadata/generation');
  });
});

test('a Deployment that nothing holds needs no write to be let go', () => expect(resumePatch(free())).toEqual([]));

test('a Deployment is paused with the template that was looked at', () => {
  expect(applyPatch(free(), pausePatch(free())).spec.paused).toBe(true);
  expect(() => applyPatch(deployment(), pausePatch(free()))).toThrow('/spec/template');
});

test('our pause is told from a user’s, and is lifted by us only where a policy does its work now', () => {
  const byUser = deployment({ paused: true });
  const byUs = applyPatch(free(), pausePatch(free()));
  expect([isOurs(byUser, 'policy'), isOurs(byUser, 'paused')]).toEqual([false, false]);
  expect([isOurs(byUs, 'policy'), isOurs(byUs, 'paused')]).toEqual([true, false]);
  expect([isOurs(held(), 'policy'), isOurs(held(), 'paused')]).toEqual([true, true]);
  expect(applyPatch(byUs, resumePatch(byUs)).metadata.annotations).toEqual({});
});

describe('a roll', () => {
  const all = { observedGeneration: 1, replicas: 4, updatedReplicas: 4, availableReplicas: 4 };
  const with_ = (status: Deployment['status'], spec: Partial<Deployment['spec']> = {}) =>
    rollOf({ ...deployment(spec), status: { ...all, ...status } });

  test('is done when all pods are new, available, and no old one is left', () =>
    expect(with_({})).toEqual({ isDone: true, why: 'all 4 pods of Deployment web run the version' }));

  test.each<[string, ReturnType<typeof rollOf>, RegExp]>([
    ['the change is not seen', with_({ observedGeneration: 0 }), /not looked at yet/],
    ['it is paused', with_({}, { paused: true }), /is paused/],
    ['pods are not replaced', with_({ updatedReplicas: 1 }), /^1 of 4 pods of Deployment web are replaced$/],
    ['old pods run', with_({ replicas: 5 }), /^1 old pods/],
    ['pods are not available for long enough', with_({ availableReplicas: 3 }), /^3 of 4 .* available/],
    ['there would be no pods at all', with_({}, { replicas: 0 }), /scaled to zero/],
    [
      'it makes no progress, which is said',
      with_({
        availableReplicas: 3,
        conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'm' }],
      }),
      /ProgressDeadlineExceeded: m/,
    ],
  ])('is not done while %s', (_name, { isDone, why }, expected) => {
    expect(isDone).toBe(false);
    expect(why).toMatch(expected);
  });
});
