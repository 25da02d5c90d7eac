/**
 * Whether the candidate's pods are fit to live, from what the cluster says of them. What cannot get better by waiting is said at
 * once, with pod, container and reason; a slow start alone is waiting. Pure.
 */
import type { ContainerStatus, Deployment, Pod } from './objects.ts';

export type PodHealth = { is: 'healthy' } | { is: 'waiting' | 'unhealthy'; why: string };

/** Reasons for which a container waits, and that its image or configuration has to change for. */
const HOPELESS = [
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CrashLoopBackOff',
];
/** One restart may be an accident of its start. */
const RESTARTS_MAX = 1;
const SAID_MAX = 200;

/** @param pods of this candidate only. @param deployment that makes them. @param wanted how many must be available */
export function podHealth(pods: readonly Pod[], deployment: Deployment, wanted: number): PodHealth {
  const living = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  for (const pod of living) {
    const why = whyPod(pod);
    if (why !== undefined) return { is: 'unhealthy', why };
  }
  return fromDeployment(deployment, wanted) ?? waiting(living, deployment, wanted);
}

function whyPod({ metadata, status }: Pod): string | undefined {
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  for (const container of containers) {
    const why = whyContainer(container);
    if (why !== undefined) return `pod ${metadata.name}, container ${container.name}: ${why}`;
  }
  return undefined;
}

function whyContainer({ state, lastState, restartCount = 0 }: ContainerStatus): string | undefined {
  const ended = state?.terminated ?? lastState?.terminated;
  if (ended?.reason === 'OOMKilled') return 'OOMKilled (it used more memory than its limit)';
  const { reason = '', message } = state?.waiting ?? {};
  const exit = ended?.exitCode === undefined ? '' : `; its last run ended with exit code ${ended.exitCode}`;
  if (HOPELESS.includes(reason)) return `${reason}${said(message)}${exit}`;
  return restartCount > RESTARTS_MAX ? `it was restarted ${restartCount} times${exit}` : undefined;
}

/** What keeps pods from being made at all, and a roll that makes no progress. */
function fromDeployment({ status, metadata }: Deployment, wanted: number): PodHealth | undefined {
  const of = (type: string) => status?.conditions?.find(condition => condition.type === type);
  const failure = of('ReplicaFailure');
  if (failure?.status === 'True') {
    const why = `Deployment ${metadata.name} cannot make its pods: ${failure.reason ?? ''}${said(failure.message)}`;
    // A quota or a policy says no again; an admission webhook that is away for a moment comes back.
    const isFinal = /exceeded quota|is forbidden|violates PodSecurity/.test(failure.message ?? '');
    if (isFinal) return { is: 'unhealthy', why };
    if ((status?.availableReplicas ?? 0) < wanted) return { is: 'waiting', why };
  }
  const progress = of('Progressing');
  if (progress?.status === 'False' && progress.reason === 'ProgressDeadlineExceeded')
    return { is: 'unhealthy', why: `Deployment ${metadata.name}: ProgressDeadlineExceeded${said(progress.message)}` };
  return undefined;
}

function waiting(pods: readonly Pod[], { status, metadata }: Deployment, wanted: number): PodHealth {
  const available = status?.availableReplicas ?? 0;
  const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  if (isSeen && available >= wanted) return { is: 'healthy' };
  const first = pods.find(
    ({ status }) => !status?.conditions?.some(one => one.type === 'Ready' && one.status === 'True'),
  );
  const slow = first ? `; pod ${first.metadata.name} is ${stateOf(first)}` : '';
  return { is: 'waiting', why: `${isSeen ? available : 0} of ${wanted} pods of the candidate are available${slow}` };
}

function stateOf({ status }: Pod): string {
  const unscheduled = status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled) return `not scheduled${said(unscheduled.message)}`;
  const container = status?.containerStatuses?.find(({ state }) => state?.waiting);
  if (container)
    return `waiting (container ${container.name}: ${container.state!.waiting!.reason ?? 'no reason given'})`;
  return status?.phase === 'Running' ? 'running and not ready' : (status?.phase ?? 'Pending').toLowerCase();
}

const said = (message: string | undefined) => (message ? `: ${message.slice(0, SAID_MAX)}` : '');
