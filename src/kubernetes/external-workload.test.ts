import { describe, expect, test } from 'vitest';
import type { KubernetesPlan } from '../config/plan.ts';
import type { RouteObject } from '../traffic/gateway/object.ts';
import { lookAtExternal } from './external-workload.ts';

const blue = { group: '', kind: 'Service', name: 'blue' };
const green = { group: '', kind: 'Service', name: 'green' };
const address = { kind: 'HTTPRoute' as const, namespace: 'shop', name: 'web' };
const place = { routes: [address], baseline: blue, candidate: green };
const plan = (version: string) =>
  ({
    namespace: 'shop',
    routes: [address],
    workload: { external: { baseline: blue, candidate: green, version } },
  }) as unknown as KubernetesPlan;
const route = (weights: [number, number]): RouteObject => ({
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    rules: [
      {
        backendRefs: [
          { name: 'blue', weight: weights[0] },
          { name: 'green', weight: weights[1] },
        ],
      },
    ],
  },
});
const look = (version: string, serves: unknown, weights: [number, number] = [100, 0]) =>
  lookAtExternal(plan(version), { place, routes: [route(weights)], serves: serves as never });

describe('before anything was released', () => {
  test('the backend that has the traffic serves, under the name that the document gives', () => {
    expect(look('v1', undefined, [1, 0])).toMatchObject({ applied: { version: 'v1', backend: blue } });
    expect(look('v1', undefined, [0, 1])).toMatchObject({
      applied: { version: 'v1', backend: green },
      sides: { baseline: green, candidate: blue },
    });
  });

  test('a route that sends to both is refused: nobody could tell which one serves', () =>
    expect(look('v1', undefined, [70, 30])).toEqual({
      problems: [expect.stringMatching(/HTTPRoute shop\/web sends to both Service blue and Service green.*weight 0/)],
    }));
});

describe('afterwards', () => {
  test('the name of what serves asks for nothing, another one is for the backend without traffic', () => {
    const same = look('v1', { version: 'v1', backend: blue });
    expect(same).toMatchObject({ applied: { version: 'v1', backend: blue } });
    expect(look('v2', { version: 'v1', backend: blue })).toMatchObject({
      applied: { version: 'v2', backend: green },
      sides: { baseline: blue, candidate: green },
    });
  });

  test('they take turns: the next version goes the other way round', () =>
    expect(look('v3', { version: 'v2', backend: green }, [0, 100])).toMatchObject({
      applied: { version: 'v3', backend: blue },
      sides: { baseline: green, candidate: blue },
    }));

  test('a document that no longer names what serves is refused by name', () =>
    expect(look('v3', { version: 'v2', backend: { kind: 'Service', name: 'red' } })).toEqual({
      problems: [expect.stringContaining('Service red is neither')],
    }));
});
