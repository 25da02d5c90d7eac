import { describe, expect, test } from 'vitest';
import type { ContainerState, ContainerStatus, Pod, PodSpec } from './pod.ts';
import { statusOf } from './status.ts';

const NOW = '2026-01-01T00:00:00Z';
const waiting: ContainerState = { waiting: { reason: 'ContainerCreating' } };
const running: ContainerState = { running: { startedAt: NOW } };
const ended = (exitCode: number): ContainerState => ({
  terminated: { exitCode, reason: 'x', startedAt: NOW, finishedAt: NOW },
});

function container(state: ContainerState, ready = false): ContainerStatus {
  return { name: 'c', image: 'i', imageID: 'i', state, lastState: {}, ready, started: true, restartCount: 0 };
}

function status(containers: ContainerStatus[], spec: Partial<PodSpec> = {}, more: Partial<Pod> = {}) {
  const pod = { metadata: { name: 'p' }, spec: { containers: [], ...spec }, ...more } as Pod;
  const seen = { podIP: '10.244.1.1', hostIP: '10.244.0.1', startTime: NOW, init: [], before: [] };
  return statusOf(pod, { ...seen, containers }, NOW);
}

const ready = (of: ReturnType<typeof status>) => of.conditions!.find(({ type }) => type === 'Ready')!.status;

test.each<[string, ContainerState[], PodSpec['restartPolicy'], string]>([
  ['nothing has run yet', [waiting], 'Always', 'Pending'],
  ['one of two runs', [running, waiting], 'Always', 'Running'],
  ['all ended well and are not restarted', [ended(0), ended(0)], 'OnFailure', 'Succeeded'],
  ['one failed and is not restarted', [ended(0), ended(1)], 'Never', 'Failed'],
  ['one failed and will be restarted', [ended(1)], 'OnFailure', 'Running'],
  ['all ended but always come back', [ended(0)], 'Always', 'Running'],
])('the phase when %s', (_name, states, restartPolicy, phase) =>
  expect(
    status(
      states.map(state => container(state)),
      { restartPolicy: restartPolicy! },
    ).phase,
  ).toBe(phase),
);

describe('ready', () => {
  test('only when every container is', () => {
    expect(ready(status([container(running, true), container(running, false)]))).toBe('False');
    expect(ready(status([container(running, true), container(running, true)]))).toBe('True');
  });

  test('waits for the readiness gates of others', () => {
    const gated = { readinessGates: [{ conditionType: 'example.com/in' }] };
    const conditions = [{ type: 'example.com/in', status: 'True' as const }];
    expect(ready(status([container(running, true)], gated))).toBe('False');
    expect(ready(status([container(running, true)], gated, { status: { phase: 'Running', conditions } }))).toBe('True');
  });

  test('keeps the time of its last change', () => {
    const before = [{ type: 'Ready', status: 'True' as const, lastTransitionTime: 'then' }];
    const pod = { metadata: { name: 'p' }, spec: { containers: [] } } as unknown as Pod;
    const seen = { podIP: '', hostIP: '', startTime: NOW, init: [], before };
    const at = (isReady: boolean) =>
      statusOf(pod, { ...seen, containers: [container(running, isReady)] }, NOW).conditions!.find(
        ({ type }) => type === 'Ready',
      )!.lastTransitionTime;
    expect([at(true), at(false)]).toEqual(['then', NOW]);
  });
});
