import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { type ApiServer, apiServer } from '../../kube/api-server.test-support.ts';
import { applyPatch } from '../../kube/json-patch.test-support.ts';
import { attach, attachPatch, detach, detachPatch } from './attach.ts';
import { ATTACHED, type RouteObject, type Rule } from './object.ts';
import { weightPatch } from './patch.ts';
import { CANARY, order, ref, routeWith, STABLE, split, target } from './routes.test-support.ts';

const attached = (route: RouteObject, of = target()) => applyPatch(route, attachPatch(route, of));
const detached = (route: RouteObject, of = target()) => applyPatch(route, detachPatch(route, of));
const weighted = (route: RouteObject, weight: number, of = target()) =>
  applyPatch(route, weightPatch(route, of, order(weight)).operations);
const alone = (weight?: number, ...others: Rule['backendRefs'] & object): Rule => ({
  backendRefs: [ref(STABLE, weight), ...others],
});
const names = (route: RouteObject) => route.spec!.rules!.map(rule => rule.backendRefs?.map(({ name }) => name));

describe('attaching', () => {
  test('appends a copy of the reference with weight 0 to every rule that holds the baseline alone', () => {
    const filters = [{ type: 'RequestHeaderModifier' }];
    const rules = [
      { backendRefs: [ref('theirs', 3)] },
      { backendRefs: [{ ...ref(STABLE, 7), filters }, ref('other')] },
    ];
    const found = attached(routeWith(rules, { team: 'shop' }));
    expect(found.spec!.rules![0]).toEqual(rules[0]);
    expect(found.spec!.rules![1]!.backendRefs).toEqual([...rules[1]!.backendRefs, { ...ref(CANARY, 0), filters }]);
    expect(JSON.parse(found.metadata.annotations![ATTACHED]!)).toEqual({
      candidate: CANARY,
      rules: [{ index: 1, weight: 7 }],
    });
  });

  test('touches the named rule alone', () => {
    const of = target('api');
    const found = attached(routeWith([alone(1), { name: 'api', ...alone(1) }]), of);
    expect(names(found)).toEqual([[STABLE], [STABLE, CANARY]]);
    expect(names(detached(found, of))).toEqual([[STABLE], [STABLE]]);
  });

  test('of two rules of one object keeps both in mind, and each is taken out by itself', () => {
    const rules = [
      { name: 'web', ...alone(3) },
      { name: 'api', ...alone(4) },
    ];
    const both = attached(attached(routeWith(rules), target('api')), target('web'));
    const one = detached(both, target('web'));
    expect(names(one)).toEqual([[STABLE], [STABLE, CANARY]]);
    expect(detachPatch(one, target('web'))).toEqual([]);
    const none = detached(one, target('api'));
    expect(none.spec!.rules).toEqual(rules);
    expect(none.metadata.annotations).toEqual({});
  });

  test('leaves a route alone that names the candidate already, and so does detaching', () => {
    const route = routeWith([split(100, 0), alone(1)]);
    expect(attachPatch(route, target())).toEqual([]);
    expect(detachPatch(route, target())).toEqual([]);
  });

  test.each<[string, Rule[], string | undefined, RegExp]>([
    [
      'no rule holds the baseline',
      [{ backendRefs: [ref('theirs')] }],
      undefined,
      /web does not send to Service stable in any rule/,
    ],
    ['the named rule is missing', [{ name: 'web', ...alone() }], 'api', /has no rule named api: its rules are web/],
    ['no rule has a name', [alone()], 'api', /has no rule named api: none of its rules has a name/],
    ['the named rule holds others only', [{ name: 'api', backendRefs: [] }], 'api', /Service stable in the rule api/],
    ['the baseline is there twice', [alone(1, ref(STABLE, 2))], undefined, /names Service stable twice in rule 0/],
  ])('is refused when %s', (_name, rules, rule, why) => {
    expect(() => attachPatch(routeWith(rules), target(rule))).toThrow(why);
    expect(() => detachPatch(routeWith(rules), target(rule)), 'nothing of ours is there').not.toThrow();
  });

  test("is refused where another pipeline's candidate is attached, and not where it was left behind in a note", () => {
    const theirs = { ...target(), candidate: { name: 'theirs', port: 80 } };
    const taken = attached(routeWith([alone(1)]), theirs);
    expect(() => attachPatch(taken, target())).toThrow(/has theirs attached, and cannot take canary too/);
    const left = routeWith([alone(1)], taken.metadata.annotations);
    expect(names(attached(left))).toEqual([[STABLE, CANARY]]);
  });

  test('of two at once is refused for the second, before it adds the reference twice', () => {
    const route = routeWith([alone(1)]);
    const operations = attachPatch(route, target());
    expect(() => applyPatch(applyPatch(route, operations), operations)).toThrow(/test of/);
  });

  test('again, after GitOps took the reference away, keeps what is known of the rules where it did not', () => {
    const half = weighted(attached(routeWith([alone(7), alone(9)])), 40);
    half.spec!.rules![1] = alone(9);
    const again = attached(half);
    expect(names(again)).toEqual([
      [STABLE, CANARY],
      [STABLE, CANARY],
    ]);
    expect(detached(weighted(again, 0)).spec!.rules).toEqual([alone(7), alone(9)]);
  });

  test('makes the copy of the kind that the candidate is, where the baseline is of another', () => {
    const pool = { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'pool' };
    const of = { ...target(), baseline: pool, candidate: { name: CANARY } };
    const found = attached(routeWith([{ backendRefs: [{ ...pool, weight: 1 }] }]), of);
    expect(found.spec!.rules![0]!.backendRefs![1]).toEqual({ name: CANARY, weight: 0 });
  });
});

describe('detaching', () => {
  test('is refused while the candidate has a weight', () => {
    const found = weighted(attached(routeWith([alone(1)])), 25);
    expect(() => detachPatch(found, target())).toThrow(/web still gives Service canary 25 %: its reference stays/);
  });

  test('fails where the candidate was given a weight since we looked', () => {
    const seen = weighted(attached(routeWith([alone(1)])), 0);
    expect(() => applyPatch(weighted(seen, 25), detachPatch(seen, target()))).toThrow(/test of/);
  });

  test('finds its rules again where others put theirs before them', () => {
    const found = attached(routeWith([alone(3), alone(4)]));
    found.spec!.rules!.unshift({ backendRefs: [ref('theirs')] });
    expect(detached(found).spec!.rules).toEqual([{ backendRefs: [ref('theirs')] }, alone(3), alone(4)]);
  });

  test('takes its note along where the reference is gone already', () => {
    const note = attached(routeWith([alone(3)])).metadata.annotations;
    const found = detached(routeWith([alone(5)], note));
    expect(found.metadata.annotations).toEqual({});
    expect(found.spec!.rules).toEqual([alone(5)]);
  });

  test('takes a note that is none of ours for no note', () => {
    expect(detachPatch(routeWith([split(1, 0)], { [ATTACHED]: '{' }), target())).toEqual([]);
  });
});

const weightOrNone = fc.option(fc.nat(1_000), { nil: undefined });
const others = fc.array(fc.tuple(fc.constantFrom('a', 'b'), weightOrNone), { maxLength: 3 });
const rule = fc.record(
  {
    name: fc.constantFrom('x', 'y'),
    filters: fc.array(fc.record({ type: fc.string(), value: fc.jsonValue() }), { maxLength: 2 }),
    before: others,
    baseline: fc.option(fc.integer({ min: 100, max: 10_000 }), { nil: undefined }),
    holds: fc.boolean(),
    after: others,
  },
  { requiredKeys: ['before', 'after', 'holds'] },
);
const routes = fc.array(rule, { maxLength: 4 }).map(made =>
  routeWith([
    ...made.map(({ before, after, holds, baseline, name, filters }, n) => ({
      ...(name === undefined ? {} : { name: `${name}${n}` }),
      ...(filters === undefined ? {} : { filters }),
      backendRefs: [
        ...before.map(([one, weight]) => ref(one, weight)),
        ...(holds ? [ref(STABLE, baseline)] : []),
        ...after.map(([one, weight]) => ref(one, weight)),
      ],
    })),
    alone(1),
  ]),
);
const foreign = (route: RouteObject) =>
  route.spec!.rules!.map(({ backendRefs = [], ...rest }) => [
    rest,
    backendRefs.filter(({ name }) => ![STABLE, CANARY].includes(name)),
  ]);

describe('for any route', () => {
  test('attached, given any weights and detached, the rules are what they were, and others never see a change', () => {
    fc.assert(
      fc.property(routes, fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 4 }), (route, weights) => {
        let found = attached(route);
        for (const weight of weights) {
          try {
            found = weighted(found, weight);
          } catch (error) {
            expect(error).toMatchObject({ code: 'WEIGHT_REJECTED' }); // a sum of others too small to split
          }
          expect(attachPatch(found, target()), 'again is nothing').toEqual([]);
          expect(foreign(found)).toEqual(foreign(route));
        }
        found = detached(weighted(found, 0));
        expect(found.spec).toEqual(route.spec);
        expect(found.metadata.annotations).not.toHaveProperty(ATTACHED);
        expect(detachPatch(found, target())).toEqual([]);
      }),
    );
  });
});

describe('carried out', () => {
  const path = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/web';
  const time = { clock: systemClock, random: () => 0.5 };
  let api: ApiServer;
  const attachment = () => ({ client: api.client, target: target(), untilMs: performance.now() + 2_000 });
  beforeEach(async () => {
    api = await apiServer();
    api.put(path, routeWith([alone(1)]));
  });
  afterEach(() => api.close());

  test('survives conflicts and faults, by two at once, and leaves the rules as they were', async () => {
    api.faults.push(...[409, 500, 422].map(status => ({ method: 'PATCH', fault: { status } })));
    await Promise.all([attach(attachment(), time), attach(attachment(), time)]);
    expect(names(api.objects.get(path)!)).toEqual([[STABLE, CANARY]]);
    api.faults.push({ method: 'PATCH', fault: 'drop' }, { method: 'GET', fault: { status: 503 } });
    await Promise.all([detach(attachment(), time), detach(attachment(), time)]);
    expect(api.objects.get(path)!.spec).toEqual(routeWith([alone(1)]).spec);
    expect(api.faults).toEqual([]);
  });

  test('gives up at its deadline and says what is not as it should be', async () => {
    for (let n = 0; n < 100; n++) api.faults.push({ method: 'PATCH', fault: { status: 500 } });
    await expect(attach({ ...attachment(), untilMs: performance.now() + 200 }, time)).rejects.toThrow(
      /HTTPRoute shop\/web was not given its reference to Service canary in time: .*500/,
    );
  });
});
