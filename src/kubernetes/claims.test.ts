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
    documents: {
      planOf: () => undefined,
      claimsOf: key => claims.get(key) ?? [],
      read: () => Promise.reject(new Error('read')),
    },
  };
}

describe('what two pipelines name', () => {
  const [older, younger] = [resource('a', 'bot', '2026-01-01T00:00:00Z'), resource('b', 'bot', '2026-01-02T00:00:00Z')];
  const both = around([
    [younger, 'Prompt checkout'],
    [older, 'Prompt checkout'],
  ]);

  test('is the older one’s, in whatever namespace, and the other is told so', async () => {
    expect(await claimedByOthers(older, ['Prompt checkout'], both)).toEqual([]);
    expect(await claimedByOthers(younger, ['Prompt checkout'], both)).toEqual([
      'Prompt checkout is released by Pipeline a/bot already: one of the two must go',
    ]);
  });

  test('is the older one’s when its document has not been read yet, as after a start', async () => {
    const read: string[] = [];
    const unread = around([
      [younger, 'Prompt checkout'],
      [older, 'Prompt checkout'],
    ]);
    const { documents } = unread;
    const started = {
      ...unread,
      documents: {
        ...documents,
        claimsOf: (key: string) => (read.includes(key) ? documents.claimsOf(key) : undefined),
        read: async (key: string) => {
          read.push(key);
          return { problems: [], version: '1', readAtMs: 0 };
        },
      },
    };
    expect(await claimedByOthers(younger, ['Prompt checkout'], started)).toHaveLength(1);
    expect(await claimedByOthers(older, ['Prompt checkout'], started)).toEqual([]);
    expect(read, 'and no younger one').toEqual(['a/bot']);
  });

  test('of one second is exactly one’s', async () => {
    const [one, other] = [resource('a', 'bot', '2026-01-01T00:00:00Z'), resource('b', 'bot', '2026-01-01T00:00:00Z')];
    const pair = around([
      [one, 'Prompt checkout'],
      [other, 'Prompt checkout'],
    ]);
    const told = await Promise.all([one, other].map(each => claimedByOthers(each, ['Prompt checkout'], pair)));
    expect(told.map(({ length }) => length).toSorted()).toEqual([0, 1]);
  });

  test('is nobody else’s when it only sounds alike', async () => {
    expect(await claimedByOthers(younger, ['Prompt check'], both)).toEqual([]);
  });
});
