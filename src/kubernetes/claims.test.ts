import { describe, expect, test } from 'vitest';
import { claimedByOthers } from './claims.ts';
import type { PipelineResource } from './resources.ts';

type Surroundings = Parameters<typeof claimedByOthers>[2];

const resource = (namespace: string, name: string, creationTimestamp: string) =>
  ({ metadata: { namespace, name, uid: `uid-${namespace}-${name}`, creationTimestamp } }) as PipelineResource;

/** Each with what it releases. */
function around(all: readonly (readonly [PipelineResource, ...string[]])[]): Surroundings {
  const claims = new Map(all.map(([{ metadata }, ...own]) => [`${metadata.namespace}/${metadata.name}`, own]));
  return {
    cluster: { pipelines: { list: () => all.map(([one]) => one) } } as unknown as Surroundings['cluster'],
    documents: { planOf: () => undefined, claimsOf: key => claims.get(key) ?? [] },
  };
}

describe('what two pipelines name', () => {
  const [older, younger] = [resource('a', 'bot', '2026-01-01T00:00:00Z'), resource('b', 'bot', '2026-01-02T00:00:00Z')];
  const both = around([
    [younger, 'Prompt checkout'],
    [older, 'Prompt checkout'],
  ]);

  test('is the older one’s, in whatever namespace, and the other is told so', () => {
    expect(claimedByOthers(older, ['Prompt checkout'], both)).toEqual([]);
    expect(claimedByOthers(younger, ['Prompt checkout'], both)).toEqual([
      'Prompt checkout is released by Pipeline a/bot already: one of the two must go',
    ]);
  });

  test('of one second is exactly one’s', () => {
    const [one, other] = [resource('a', 'bot', '2026-01-01T00:00:00Z'), resource('b', 'bot', '2026-01-01T00:00:00Z')];
    const pair = around([
      [one, 'Prompt checkout'],
      [other, 'Prompt checkout'],
    ]);
    const told = [one, other].map(each => claimedByOthers(each, ['Prompt checkout'], pair).length);
    expect(told.toSorted()).toEqual([0, 1]);
  });

  test('is nobody else’s when it only sounds alike', () => {
    expect(claimedByOthers(younger, ['Prompt check'], both)).toEqual([]);
  });
});
