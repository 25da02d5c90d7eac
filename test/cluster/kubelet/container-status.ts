/** What is reported of a container before it runs and after it has ended. */
import type { Container, ContainerStatus, Terminated } from './pod.ts';
import type { End } from './process.ts';

const SIGKILL = 9;

export function initialStatus({ name, image }: Container, reason = 'ContainerCreating'): ContainerStatus {
  const imageID = `process://${image}`;
  const state = { waiting: { reason } };
  return { name, image, imageID, state, lastState: {}, ready: false, started: false, restartCount: 0 };
}

/** @param isKilled whether the SIGKILL, if there was one, came from the process kubelet */
export function terminated(
  { resources }: Container,
  { exitCode, signal, failure }: End,
  { startedAt, isKilled }: { startedAt: string; isKilled: boolean },
): Terminated {
  // Nobody here counts memory: a SIGKILL from elsewhere is taken for the kernel's, if the container has a limit.
  const isOutOfMemory = signal === SIGKILL && !isKilled && resources?.limits?.memory !== undefined;
  return {
    exitCode,
    ...(signal === undefined ? {} : { signal }),
    ...(failure === undefined ? {} : { message: failure }),
    reason: failure ? 'StartError' : isOutOfMemory ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error',
    startedAt,
    finishedAt: new Date().toISOString(),
  };
}
