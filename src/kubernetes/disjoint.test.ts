import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { disjointLabels, mayFind, type NamedSelector } from './disjoint.ts';
import { selects } from './labels.ts';
import type { LabelSelector, Labels } from './objects.ts';

const named = (...selectors: LabelSelector[]): NamedSelector[] =>
  selectors.map((selector, i) => ({ name: `Service shop/s${i}`, selector }));
const equal = (matchLabels: Labels): LabelSelector => ({ matchLabels });
const WEB = { app: 'web', tier: 'front', team: 'shop' };

describe("the candidate's labels", () => {
  test('differ in the one label by which the stable pods are selected', () =>
    expect(disjointLabels(WEB, named(equal({ app: 'web' })))).toEqual({
      labels: { ...WEB, app: 'web-candidate' },
      changed: ['app'],
    }));

  test('differ in a label that all selectors have in common, rather than in one for each', () =>
    expect(
      disjointLabels(WEB, named(equal({ app: 'web', tier: 'front' }), equal({ tier: 'front', team: 'shop' }))),
    ).toMatchObject({ changed: ['tier'] }));

  test('differ in several where no label is common', () =>
    expect(disjointLabels(WEB, named(equal({ app: 'web' }), equal({ tier: 'front' })))).toMatchObject({
      changed: ['app', 'tier'],
    }));

  test('stay as they are where nothing selects them', () =>
    expect(disjointLabels(WEB, named(equal({ app: 'api' })))).toEqual({ labels: WEB, changed: [] }));

  test('avoid what somebody else selects already', () =>
    expect(
      disjointLabels(WEB, named(equal({ app: 'web', tier: 'front' }), equal({ app: 'web-candidate' }))),
    ).toMatchObject({ changed: ['tier'] }));

  test('stay within 63 characters', () => {
    const found = disjointLabels({ app: 'a'.repeat(63) }, named(equal({ app: 'a'.repeat(63) })));
    expect(found).toMatchObject({ labels: { app: `${'a'.repeat(53)}-candidate` } });
  });

  test('begin with a letter where the value was empty', () =>
    expect(disjointLabels({ app: '' }, named(equal({ app: '' })))).toMatchObject({ labels: { app: 'candidate' } }));

  test.each<[string, LabelSelector]>([
    ['a set of values', { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'api'] }] }],
    [
      'a set of values beside what cannot be changed',
      {
        matchExpressions: [
          { key: 'team', operator: 'Exists' },
          { key: 'app', operator: 'In', values: ['web'] },
        ],
      },
    ],
  ])('escape %s', (_name, selector) =>
    expect(disjointLabels(WEB, named(selector))).toMatchObject({ changed: ['app'] }),
  );

  test.each<[string, LabelSelector]>([
    ['everything', {}],
    ['whatever has a label', { matchExpressions: [{ key: 'app', operator: 'Exists' }] }],
    ['whatever has not a value', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['api'] }] }],
    [
      'the changed value as well',
      { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'web-candidate'] }] },
    ],
  ])('are refused, by name, where a selector finds %s', (_name, selector) =>
    expect(disjointLabels(WEB, named(equal({ app: 'web' }), selector))).toEqual({
      refused: expect.stringMatching(/^Service shop\/s1 selects .*give it a label with a value of its own/),
    }),
  );

  test('are never found by any of the selectors, or refused', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const value = fc.constantFrom('x', 'y', 'x-candidate');
    const labels = fc.dictionary(key, value);
    const requirement = fc.oneof(
      fc.record({
        key,
        operator: fc.constantFrom('In' as const, 'NotIn' as const),
        values: fc.array(value, { minLength: 1 }),
      }),
      fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
    );
    const selector = fc.record({ matchLabels: labels, matchExpressions: fc.array(requirement, { maxLength: 2 }) });
    fc.assert(
      fc.property(labels, fc.array(selector, { maxLength: 4 }), (from, selectors) => {
        const found = disjointLabels(from, named(...selectors));
        if ('refused' in found) return selectors.some(one => selects(one, from));
        return !selectors.some(one => selects(one, found.labels));
      }),
    );
  });

  test('are the same without the Services that can find none of those that are tried', () => {
    const pairs = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.constantFrom('', 'x', 'y', 'x-candidate', 'candidate'),
    );
    fc.assert(
      fc.property(pairs, fc.array(pairs, { maxLength: 6 }), (from, selectors) => {
        const few = selectors.filter(selector => mayFind(selector, from));
        expect(disjointLabels(from, named(...few.map(equal)))).toEqual(
          withNames(disjointLabels(from, named(...selectors.map(equal))), selectors, few),
        );
      }),
    );
  });
});

/** Those that are left out move the numbers in the names of the others. */
function withNames(found: ReturnType<typeof disjointLabels>, all: readonly Labels[], few: readonly Labels[]) {
  if (!('refused' in found)) return found;
  const refused = found.refused.replace(/(?<=shop\/s)\d+/, at => String(few.indexOf(all[Number(at)]!)));
  return { refused };
}
