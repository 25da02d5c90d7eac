import { beforeEach, expect, test } from 'vitest';
import { type ManualClock, manualClock } from '../clock.ts';
import { sampleRelease, unsure } from '../rollout/release.test-support.ts';
import type { Release } from '../rollout/release.ts';
import { type ReleaseResources, releaseResources } from './release-resources.ts';
import type { PipelineResource } from './resources.ts';

const pipeline = { metadata: { name: 'web', namespace: 'shop', uid: 'u' }, spec: {} } as PipelineResource;
let clock: ManualClock;
let writes: unknown[];
let resources: ReleaseResources;

const rollingOut = (change: Partial<Release> = {}) =>
  ({ ...sampleRelease(), phase: 'rollingOut', ...change }) as Release;
const withWords = (reason: string) => rollingOut({ verdict: { ...unsure('notEnoughData'), reason } });

beforeEach(() => {
  clock = manualClock();
  writes = [];
  const client = {
    create: async <T>() => ({}) as T,
    merge: async <T>(_path: string, change: object) => {
      writes.push(change);
      return {} as T;
    },
    remove: async () => undefined,
  };
  resources = releaseResources(client, () => [], clock);
});

test('what says the same is not written again', async () => {
  await resources.show(rollingOut(), pipeline);
  await resources.show(rollingOut(), pipeline);
  expect(writes).toHaveLength(1);
});

test('new words of a verdict are written every ten seconds, not with every look', async () => {
  for (let look = 0; look <= 20; look++) {
    await resources.show(withWords(`${look} of 100 requests`), pipeline);
    clock.advance(1_000);
  }
  expect(writes).toHaveLength(3);
});

test('a new weight and an end are written at once', async () => {
  await resources.show(withWords('1 of 100 requests'), pipeline);
  await resources.show(rollingOut({ weight: 50 }), pipeline);
  await resources.show(rollingOut({ weight: 0, phase: 'rolledBack' }), pipeline);
  expect(writes).toHaveLength(3);
});
