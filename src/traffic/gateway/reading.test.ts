import { describe, expect, test } from 'vitest';
import type { Condition } from './object.ts';
import { acceptanceOf, lastWriter, readWeight } from './reading.ts';
import { routeWith, split, target } from './routes.test-support.ts';

const reading = (conditions: Condition[], generation = 2) => {
  const route = routeWith([split(75, 25)], undefined, generation);
  route.status!.parents![0]!.conditions = conditions;
  return readWeight(route, target());
};
const condition = (type: string, status: string, observedGeneration = 2) => ({ type, status, observedGeneration });

test('the weight is that of the rule which gives the candidate most', () => {
  const { weight, byRule } = readWeight(routeWith([split(75, 25), split(1, undefined)]), target());
  expect(weight).toBe(50);
  expect(byRule).toEqual([
    { rule: '0', weight: 25 },
    { rule: '1', weight: 50 },
  ]);
});

test('a route that splits nothing has no weight', () => {
  expect(readWeight(routeWith([]), target()).weight).toBeUndefined();
});

describe('a write is', () => {
  test.each<[string, Condition[], string, RegExp]>([
    [
      'accepted when both conditions hold',
      [condition('Accepted', 'True'), condition('ResolvedRefs', 'True')],
      'accepted',
      /^$/,
    ],
    [
      'pending while a condition is of an older generation',
      [condition('Accepted', 'True'), condition('ResolvedRefs', 'True', 1)],
      'pending',
      /generation 1 of 2/,
    ],
    ['pending while a condition is missing', [condition('Accepted', 'True')], 'pending', /generation 0 of 2/],
    [
      'refused when a reference is not resolved',
      [condition('Accepted', 'True'), { ...condition('ResolvedRefs', 'False'), reason: 'BackendNotFound' }],
      'refused',
      /gateway\/gateway: ResolvedRefs=False BackendNotFound/,
    ],
  ])('%s', (_name, conditions, is, why) => {
    const found = acceptanceOf(reading(conditions));
    expect(found.is).toBe(is);
    expect('why' in found ? found.why : '').toMatch(why);
  });

  test('pending while no gateway has taken it up', () => {
    expect(acceptanceOf({ ...reading([]), parents: [] }).is).toBe('pending');
  });
});

test('a gateway that the route does not name any more has no say, whatever it has said last', () => {
  const route = routeWith([split(75, 25)], undefined, 2);
  const parentRef = { name: 'gone', namespace: 'gateway' };
  route.status!.parents!.push({ parentRef, controllerName: 'gone', conditions: [condition('Accepted', 'False', 1)] });
  const found = readWeight(route, target());
  expect(found.parents.map(({ parent }) => parent)).toEqual(['gateway/gateway']);
  expect(acceptanceOf(found).is).toBe('accepted');
});

test('who wrote the rules last is told from status writes and from older ones', () => {
  const route = routeWith([split(1, 0)]);
  const fieldsV1 = { 'f:spec': { 'f:rules': {} } };
  route.metadata.managedFields = [
    { manager: 'argocd', time: '2026-01-01T00:00:02Z', fieldsV1 },
    { manager: 'kubectl', time: '2026-01-01T00:00:01Z', fieldsV1 },
    { manager: 'traefik', time: '2026-01-01T00:00:03Z', subresource: 'status', fieldsV1 },
    { manager: 'labeller', time: '2026-01-01T00:00:04Z', fieldsV1: { 'f:metadata': {} } },
  ];
  expect(lastWriter(route)).toBe('argocd');
});
