/** A pod's status out of what its containers are doing. Pure: the time comes in. */
import type { Condition, ContainerStatus, Pod, PodStatus } from './pod.ts';

export interface Seen {
  podIP: string;
  hostIP: string;
  startTime: string;
  init: readonly ContainerStatus[];
  containers: readonly ContainerStatus[];
  /** What was reported last, so that a condition keeps the time of its change. */
  before: readonly Condition[];
}

export function statusOf(pod: Pod, seen: Seen, now: string): PodStatus {
  const phase = phaseOf(pod, seen);
  return {
    phase,
    conditions: conditionsOf(pod, phase, seen).map(condition => dated(condition, seen.before, now)),
    podIP: seen.podIP,
    podIPs: [{ ip: seen.podIP }],
    hostIP: seen.hostIP,
    hostIPs: [{ ip: seen.hostIP }],
    startTime: seen.startTime,
    containerStatuses: [...seen.containers],
    ...(seen.init.length > 0 ? { initContainerStatuses: [...seen.init] } : {}),
  };
}

function phaseOf({ spec }: Pod, { init, containers }: Seen): PodStatus['phase'] {
  const policy = spec.restartPolicy ?? 'Always';
  const codes = containers.map(exitCodeOf);
  const isOver = codes.length > 0 && codes.every(code => code !== undefined);
  if (isOver && policy !== 'Always') {
    if (codes.every(code => code === 0)) return 'Succeeded';
    if (policy === 'Never') return 'Failed';
  }
  if (policy === 'Never' && init.some(status => (exitCodeOf(status) ?? 0) !== 0)) return 'Failed';
  const isBegun = containers.some(
    ({ state, lastState }) => !('waiting' in state) || lastState.terminated !== undefined,
  );
  return isBegun ? 'Running' : 'Pending';
}

function conditionsOf(pod: Pod, phase: PodStatus['phase'], { init, containers }: Seen): Condition[] {
  const isInitialized = init.every(status => exitCodeOf(status) === 0);
  const areReady = phase === 'Running' && containers.every(({ ready }) => ready);
  // Gates are other people's conditions; the pod object brings them.
  const gates = (pod.spec.readinessGates ?? []).every(({ conditionType }) =>
    pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  const done = phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : undefined;
  const unready = done ?? 'ContainersNotReady';
  return [
    { type: 'PodReadyToStartContainers', status: 'True' },
    condition('Initialized', isInitialized, 'ContainersNotInitialized'),
    condition('ContainersReady', areReady, unready),
    condition('Ready', areReady && gates, areReady ? 'ReadinessGatesNotReady' : unready),
    { type: 'PodScheduled', status: 'True' },
  ];
}

function condition(type: string, holds: boolean, reason: string): Condition {
  return holds ? { type, status: 'True' } : { type, status: 'False', reason };
}

function dated(condition: Condition, before: readonly Condition[], now: string): Condition {
  const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
  return { ...condition, lastTransitionTime: same?.lastTransitionTime ?? now };
}

function exitCodeOf({ state }: ContainerStatus): number | undefined {
  return 'terminated' in state ? state.terminated.exitCode : undefined;
}
