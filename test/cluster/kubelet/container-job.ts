/** Out of a pod's words and the cluster's objects: what exactly is to be run for one of its containers. */
import { join } from 'node:path';
import type { Job } from './container.ts';
import { environmentOf, expand, type Facts } from './environment.ts';
import { commandOf } from './images.ts';
import type { Container, Pod } from './pod.ts';
import type { Start } from './process.ts';
import { inSandbox } from './sandbox.ts';
import type { World } from './world.ts';

export interface Setting {
  pod: Pod;
  folder: string;
  facts: Facts;
  volumes: ReadonlyMap<string, string>;
  isInit: boolean;
  onChange(): void;
  world: World;
}

export function jobOf(container: Container, setting: Setting): Job {
  const { pod, facts, isInit, onChange } = setting;
  const { restartPolicy = 'Always', terminationGracePeriodSeconds = 30 } = pod.spec;
  return {
    container,
    podIP: facts.podIP,
    graceSeconds: terminationGracePeriodSeconds,
    isRestarted: exitCode => (exitCode === 0 ? restartPolicy === 'Always' && !isInit : restartPolicy !== 'Never'),
    prepare: () => prepare(container, setting),
    onChange,
  };
}

/** Read anew for every start, so that a changed ConfigMap counts from the next restart on. */
async function prepare(container: Container, { pod, folder, facts, volumes, world }: Setting): Promise<Start> {
  const command = await commandOf(container, world.reader('kube-system'));
  const environment = await environmentOf(pod, container, facts, world.reader(pod.metadata.namespace!));
  // By this a test's program can tell which version it is.
  environment['CONTAINER_IMAGE'] ??= container.image;
  const argv = command.map(word => expand(word, environment));
  const directory = container.workingDir ?? world.directory;
  const logFile = join(folder, `${container.name}.log`);
  if (!container.volumeMounts?.length) return { argv, environment, directory, logFile };
  return { argv: inSandbox(argv, container, { folder, volumes, directory }), environment, directory: '/', logFile };
}
