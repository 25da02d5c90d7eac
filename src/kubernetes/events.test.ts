import { expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { manualClock } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import type { AuditEvent } from '../store/store.ts';
import { clusterEvents, eventOf } from './events.ts';
import type { PipelineResource } from './resources.ts';

const pipeline: PipelineResource = {
  metadata: { name: 'web', namespace: 'shop', uid: '12345678-90ab', resourceVersion: '7' },
  spec: {},
};
const audit = (change: Partial<AuditEvent> = {}): AuditEvent => ({
  seq: 4,
  at: '2026-01-01T00:00:00.000Z',
  actor: 'ann',
  artifact: 'shop.web',
  releaseId: 'rel_1',
  kind: 'rollback',
  why: 'wrong totals',
  evidence: {},
  weightBefore: 25,
  weightAfter: 0,
  prev: '',
  hash: '',
  ...change,
});

test('a decision is an Event of its pipeline, with who, why and the weights', () => {
  expect(eventOf(audit(), pipeline, '2026-01-01T00:00:01.234Z')).toMatchObject({
    metadata: { name: 'web.12345678.4', namespace: 'shop' },
    involvedObject: { kind: 'Pipeline', name: 'web', uid: '12345678-90ab' },
    type: 'Warning',
    reason: 'Rollback',
    message: 'wrong totals (25 → 0 %), by ann',
    lastTimestamp: '2026-01-01T00:00:01Z',
  });
  expect(eventOf(audit({ kind: 'advance', weightAfter: 25 }), pipeline, '2026-01-01T00:00:01Z')).toMatchObject({
    type: 'Normal',
    message: 'wrong totals, by ann',
  });
});

test('a cluster that does not take them holds nobody up, and they do not pile up', async () => {
  let calls = 0;
  const answers: (() => void)[] = [];
  const client = {
    create: () => {
      calls += 1;
      return new Promise((_resolve, reject) => answers.push(() => reject(new Error('no'))));
    },
  } as unknown as KubeClient;
  const events = clusterEvents(client, { clock: manualClock() });
  for (let seq = 0; seq < 1_000; seq++) events.tell(audit({ seq }), pipeline);
  for (let n = 0; n < 100; n++) {
    await until('it is written', () => answers[n]);
    answers[n]!();
  }
  events.tell(audit(), pipeline);
  await until('the next one goes', () => calls === 101);
});
