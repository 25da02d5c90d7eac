import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyPatch } from '../kube/json-patch.test-support.ts';
import { changesOf, isAsWanted } from './ensure.ts';
import { deployment, service } from './objects.test-support.ts';
import type { Deployment } from './objects.ts';

const present = (change: Partial<Deployment['spec']> = {}) => {
  const one = deployment(change);
  one.metadata.uid = 'u';
  one.metadata.labels = { 'spillway.dev/release': 'rel_1', theirs: 'x' };
  return one;
};

describe('an object is as wanted', () => {
  test.each<[string, unknown, unknown, boolean]>([
    ['with defaults filled in', { a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 }, true],
    ['with another value', { a: 1 }, { a: 2 }, false],
    ['with a field too few', { a: 1 }, {}, false],
    ['with a longer list', { a: [1] }, { a: [1, 2] }, false],
    ['with defaults in a list', { a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }] }, true],
    ['with an empty map that is left out', { a: {} }, {}, true],
    ['with null for what is not there', { a: null }, {}, true],
    ['whatever undefined says', { a: undefined }, { a: 1 }, true],
  ])('%s', (_name, wanted, there, isSo) => expect(isAsWanted(wanted, there)).toBe(isSo));

  test('when it is what is wanted and anything more', () =>
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (wanted, more) => {
        expect(isAsWanted(wanted, wanted)).toBe(true);
        expect(isAsWanted({ wanted }, { wanted, more })).toBe(true);
      }),
    ));
});

describe('a change', () => {
  test('touches only the fields that differ, of this one object', () => {
    const wanted = { ...deployment({ replicas: 2 }) };
    wanted.metadata = { ...wanted.metadata, labels: { 'spillway.dev/release': 'rel_2' } };
    expect(changesOf(wanted, present())).toEqual([
      { op: 'test', path: '/metadata/uid', value: 'u' },
      { op: 'add', path: '/spec/replicas', value: 2 },
      { op: 'add', path: '/metadata/labels/spillway.dev~1release', value: 'rel_2' },
    ]);
    expect(changesOf(wanted, applyPatch(present(), changesOf(wanted, present())))).toEqual([]);
  });

  test('takes away what a map has too much of, since the whole field is written', () => {
    const there = service({ selector: { a: 'b', old: 'c' }, ports: [{ port: 81 }] });
    there.metadata.uid = 'u';
    const changed = applyPatch(there, changesOf(service(), there));
    expect(changed.spec).toEqual(service().spec);
  });

  test('follows a Pipeline resource that was made anew', () => {
    const owned = (uid: string) => {
      const one = present();
      one.metadata.ownerReferences = [{ apiVersion: 'v1', kind: 'Pipeline', name: 'web', uid }];
      return one;
    };
    expect(changesOf(owned('b'), owned('a'))).toContainEqual(
      expect.objectContaining({ path: '/metadata/ownerReferences' }),
    );
    expect(changesOf(owned('a'), owned('a'))).toEqual([]);
  });

  test('is none where all is well', () => expect(changesOf(deployment(), present())).toEqual([]));
});
