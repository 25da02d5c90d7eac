import { describe, expect, test } from 'vitest';
import { deployment, pod } from './objects.test-support.ts';
import type { Condition, ContainerStatus, Deployment, Pod } from './objects.ts';
import { podHealth } from './pod-health.ts';

const rolling = (status: Deployment['status'] = {}): Deployment => ({
  ...deployment({}, 'web-candidate-bb'),
  status: { observedGeneration: 1, ...status },
});
const withContainer = (status: Partial<ContainerStatus>): Pod =>
  pod({ phase: 'Pending', containerStatuses: [{ name: 'web', ...status }] });
const waitingFor = (reason: string) => withContainer({ state: { waiting: { reason, message: 'because' } } });

describe('a candidate is unhealthy at once', () => {
  test.each(['ImagePullBackOff', 'ErrImagePull', 'InvalidImageName', 'CreateContainerConfigError', 'CrashLoopBackOff'])(
    'with %s',
    reason =>
      expect(podHealth([waitingFor(reason)], rolling(), 1)).toEqual({
        is: 'unhealthy',
        why: `pod web-candidate-1, container web: ${reason}: because`,
      }),
  );

  test.each<[string, Pod, RegExp]>([
    [
      'when it is out of memory',
      withContainer({ restartCount: 1, lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }),
      /OOMKilled/,
    ],
    [
      'when it was restarted twice',
      withContainer({ restartCount: 2, lastState: { terminated: { exitCode: 3 } } }),
      /restarted 2 times.*exit code 3/,
    ],
    [
      'when an init container cannot start',
      pod({ initContainerStatuses: [{ name: 'migrate', state: { waiting: { reason: 'ErrImagePull' } } }] }),
      /container migrate: ErrImagePull/,
    ],
  ])('%s', (_name, bad, why) =>
    expect(podHealth([bad], rolling({ availableReplicas: 1 }), 1)).toEqual({
      is: 'unhealthy',
      why: expect.stringMatching(why),
    }),
  );

  test.each<[string, Condition, RegExp]>([
    [
      'when its roll makes no progress',
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' },
      /ProgressDeadlineExceeded/,
    ],
    [
      'when a quota is used up',
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'pods "x" is forbidden: exceeded quota: q',
      },
      /cannot make its pods: FailedCreate: .*exceeded quota/,
    ],
  ])('%s', (_name, condition, why) =>
    expect(podHealth([], rolling({ conditions: [condition] }), 1)).toEqual({
      is: 'unhealthy',
      why: expect.stringMatching(why),
    }),
  );
});

describe('a candidate is waited for', () => {
  test.each<[string, Pod[], Deployment, RegExp]>([
    ['while its image is pulled', [waitingFor('ContainerCreating')], rolling(), /container web: ContainerCreating/],
    ['while it starts', [pod({ phase: 'Running' })], rolling(), /0 of 2 .*running and not ready/],
    ['after one restart', [withContainer({ restartCount: 1 })], rolling({ availableReplicas: 1 }), /1 of 2 pods/],
    [
      'while no node has room',
      [pod({ conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes' }] })],
      rolling(),
      /not scheduled: 0\/3 nodes/,
    ],
    [
      'while an admission webhook is away',
      [],
      rolling({ conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'failed calling webhook' }] }),
      /failed calling webhook/,
    ],
    ['while its new number is not seen yet', [], rolling({ observedGeneration: 0, availableReplicas: 5 }), /0 of 2/],
  ])('%s', (_name, pods, of, why) =>
    expect(podHealth(pods, of, 2)).toEqual({ is: 'waiting', why: expect.stringMatching(why) }),
  );
});

test('a candidate is healthy when enough of its pods are available', () =>
  expect(podHealth([], rolling({ availableReplicas: 2 }), 2)).toEqual({ is: 'healthy' }));

test('a pod that is being deleted says nothing', () => {
  const gone = waitingFor('CrashLoopBackOff');
  gone.metadata.deletionTimestamp = 'now';
  expect(podHealth([gone], rolling({ availableReplicas: 1 }), 1)).toEqual({ is: 'healthy' });
});
