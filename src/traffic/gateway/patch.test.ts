import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyPatch } from '../../kube/json-patch.test-support.ts';
import { EPOCH, type RouteObject, type Rule, TOMBSTONE } from './object.ts';
import { weightPatch } from './patch.ts';
import { readWeight } from './reading.ts';
import { CANARY, order, ref, rollback, routeWith, STABLE, split, target } from './routes.test-support.ts';

const patched = (route: RouteObject, wanted = order(25), of = target()) =>
  applyPatch(route, weightPatch(route, of, wanted).operations);
const weights = (route: RouteObject) => route.spec!.rules!.map(rule => rule.backendRefs!.map(({ weight }) => weight));
const at = (epoch: number, tombstone?: string) => ({
  [EPOCH]: `${epoch}`,
  ...(tombstone === undefined ? {} : { [TOMBSTONE]: tombstone }),
});

describe('the weights', () => {
  test.each<[string, Rule, number, number[]]>([
    ['alone, the pair has 100 together', split(1, 0), 25, [75, 25]],
    ['a missing weight is 1', split(undefined, 0), 0, [100, 0]],
    ['beside others, the pair keeps its sum', split(200, 0, ref('other', 100)), 25, [150, 50, 100]],
    ['others without a weight count', split(100, 0, ref('other')), 50, [50, 50, undefined as never]],
    ['others with weight 0 do not hold the pair back', split(1, 0, ref('other', 0)), 10, [90, 10, 0]],
    ['a rollback gives the baseline what the candidate had', split(0, 60, ref('other', 7)), 0, [60, 0, 7]],
  ])('%s', (_name, rule, weight, wanted) => {
    const found = patched(routeWith([rule]), weight === 0 ? rollback(5) : order(weight));
    expect(weights(found)).toEqual([wanted]);
  });

  test('are those of every rule that holds both, and of no other', () => {
    const rules = [split(100, 0), { backendRefs: [ref(STABLE, 1)] }, { backendRefs: [ref(CANARY, 1)] }, split(1, 1)];
    expect(weights(patched(routeWith(rules), order(40)))).toEqual([[60, 40], [1], [1], [60, 40]]);
  });

  test('are those of the named rule alone', () => {
    const rules = [split(100, 0), { name: 'api', ...split(100, 0) }];
    const { operations } = weightPatch(routeWith(rules), target('api'), order(40));
    expect(operations).toContainEqual({ op: 'test', path: '/spec/rules/1/name', value: 'api' });
    expect(weights(applyPatch(routeWith(rules), operations))).toEqual([
      [100, 0],
      [60, 40],
    ]);
  });

  test.each<[string, Rule[], RegExp]>([
    ['no rule holds both', [{ backendRefs: [ref(STABLE)] }], /no rule sends to both Service stable and Service canary/],
    ['the sum is too small to say it', [split(1, 0, ref('other', 1))], /summed weight of 1 cannot be split at 25 %/],
    ['a backend is there twice', [split(100, 0, ref(CANARY, 0))], /twice/],
    [
      'the namesake is of another namespace',
      [{ backendRefs: [ref(STABLE), { ...ref(CANARY), namespace: 'x' }] }],
      /no rule/,
    ],
  ])('are refused when %s', (_name, rules, why) => {
    expect(() => weightPatch(routeWith(rules), target(), order(25))).toThrow(why);
    expect(() => weightPatch(routeWith(rules), target(), rollback(5)), 'never a rollback').not.toThrow();
  });
});

describe('the guards', () => {
  test.each([
    ['an older epoch', at(6), order(25), false],
    ['the same epoch', at(5), order(25), true],
    ['an older epoch that lowers', at(6), order(0), false],
    ['a newer tombstone', at(5, 'rel_0@6'), order(25), false],
    ['its own tombstone, whatever the epoch', at(5, 'rel_1@2'), order(25), false],
    ['an older tombstone of another release', at(4, 'rel_0@3'), order(25), true],
    ['a rollback under a newer epoch', at(9), rollback(5), true],
  ])('%s', (_name, annotations, wanted, isWritten) => {
    const attempt = () => patched(routeWith([split(50, 50)], annotations), wanted);
    if (isWritten) expect(readWeight(attempt(), target()).weight).toBe(wanted.weight);
    else expect(attempt).toThrow(expect.objectContaining({ code: 'EPOCH_STALE' }));
  });

  test('epoch and tombstone never go back', () => {
    const found = patched(routeWith([split(50, 50)], at(9, 'rel_2@9')), rollback(5));
    expect(found.metadata.annotations).toEqual(at(9, 'rel_2@9'));
  });

  test.each([
    ['another epoch', at(4), at(6)],
    ['an epoch where there was none', undefined, at(6)],
    ['an epoch beside other annotations', { team: 'shop' }, { team: 'shop', ...at(6) }],
  ])('a raise fails on %s since it looked, weight 0 does not', (_name, before, now) => {
    const seen = routeWith([split(50, 50)], before);
    const later = routeWith([split(50, 50)], now);
    expect(() => applyPatch(later, weightPatch(seen, target(), order(75)).operations)).toThrow(/test of/);
    expect(weights(applyPatch(later, weightPatch(seen, target(), rollback(5)).operations))).toEqual([[100, 0]]);
  });

  test('a rule that moved since is not written into', () => {
    const { operations } = weightPatch(routeWith([split(50, 50)]), target(), rollback(5));
    const moved = routeWith([{ backendRefs: [ref('theirs', 50), ref('other', 50)] }]);
    expect(() => applyPatch(moved, operations)).toThrow(/test of/);
  });
});

const otherRefs = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.option(fc.nat(1000), { nil: undefined })));
const rules = fc.array(
  fc.record({
    baseline: fc.integer({ min: 100, max: 10_000 }),
    candidate: fc.integer({ min: 100, max: 10_000 }),
    others: otherRefs,
    filters: fc.array(fc.record({ type: fc.string(), value: fc.jsonValue() })),
  }),
  { minLength: 1, maxLength: 4 },
);
const routes = rules.map(made => {
  const built = made.map(({ baseline, candidate, others, filters }) => ({
    filters,
    ...split(baseline, candidate, ...others.map(([name, weight]) => ref(name, weight))),
  }));
  return routeWith(built, { team: 'shop' });
});
const percent = fc.integer({ min: 0, max: 100 });
const without = (route: RouteObject) => {
  const copy = structuredClone(route);
  delete copy.metadata.annotations![EPOCH];
  for (const rule of copy.spec!.rules!)
    for (const one of rule.backendRefs!) if ([STABLE, CANARY].includes(one.name)) delete one.weight;
  return JSON.stringify(copy);
};

describe('for any route', () => {
  test('every other field keeps its bytes and its place', () => {
    fc.assert(
      fc.property(routes, percent, (route, weight) => {
        expect(without(patched(route, order(weight)))).toBe(without(route));
      }),
    );
  });

  test('a second write changes nothing', () => {
    fc.assert(
      fc.property(routes, percent, (route, weight) => {
        const once = patched(route, order(weight));
        expect(weightPatch(once, target(), order(weight))).toEqual({ operations: [], isRaise: false, isObeyed: true });
      }),
    );
  });

  test('more weight never gives the candidate less, and the share is right to half a point', () => {
    fc.assert(
      fc.property(routes, percent, percent, (route, a, b) => {
        const read = (weight: number) => readWeight(patched(route, order(weight)), target()).weight!;
        expect(Math.sign(read(a) - read(b)) * Math.sign(a - b)).toBeGreaterThanOrEqual(0);
        expect(Math.abs(read(a) - a)).toBeLessThanOrEqual(0.5);
      }),
    );
  });

  test('the shares of other backends stay what they were', () => {
    fc.assert(
      fc.property(routes, percent, (route, weight) => {
        const shares = (of: RouteObject) =>
          weights(of).map(all => {
            const total = all.reduce<number>((sum, one) => sum + (one ?? 1), 0);
            return all.slice(2).map(one => (one ?? 1) / total);
          });
        const hasOthers = shares(route).map(each => each.some(share => share > 0));
        const [before, after] = [shares(route), shares(patched(route, order(weight)))];
        for (const [n, has] of hasOthers.entries()) if (has) expect(after[n]).toEqual(before[n]);
      }),
    );
  });
});
