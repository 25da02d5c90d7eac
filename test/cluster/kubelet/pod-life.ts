/**
 * One pod from its binding to its end: address, volumes, init containers one after another, containers together, and the
 * removal of the object when everything has ended. Its status is reported on every change.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Keeper, keepContainer } from './container.ts';
import { jobOf } from './container-job.ts';
import { initialStatus } from './container-status.ts';
import type { Facts } from './environment.ts';
import { type Container, nameOf, type Pod, type PodStatus } from './pod.ts';
import { pause } from './probe.ts';
import { makeReporter } from './report.ts';
import { statusOf } from './status.ts';
import { makeVolumes } from './volumes.ts';
import type { World } from './world.ts';

export interface PodLife {
  pod(): Pod;
  folder: string;
  update(pod: Pod): void;
  /** Ends it and removes the object; the shortest grace that was asked for counts. */
  terminate(graceSeconds: number): Promise<void>;
}

const VOLUMES_AGAIN_S = 0.5;

export function startPod(first: Pod, world: World): PodLife {
  let pod = first;
  const { namespace, name, uid } = pod.metadata;
  const folder = join(world.folder, 'pods', `${namespace}_${name}_${uid}`);
  const facts: Facts = { podIP: world.addresses.take(), hostIP: world.hostIP, given: world.given };
  const startTime = new Date().toISOString();
  const stopping = new AbortController();
  const keepers = new Map<string, Keeper>();
  let before: PodStatus | undefined;
  const reporter = makeReporter<PodStatus>(status => world.report(pod, status));

  function report(): void {
    const statuses = (list: readonly Container[] = []) =>
      list.map(one => keepers.get(one.name)?.status() ?? initialStatus(one, 'PodInitializing'));
    const init = statuses(pod.spec.initContainers);
    const containers = statuses(pod.spec.containers);
    const seen = { podIP: facts.podIP, hostIP: facts.hostIP, startTime, init, containers };
    const status = statusOf(pod, { ...seen, before: before?.conditions ?? [] }, new Date().toISOString());
    if (JSON.stringify(status) === JSON.stringify(before)) return;
    before = status;
    reporter.report(status);
  }

  function keep(container: Container, volumes: ReadonlyMap<string, string>, isInit = false): Keeper {
    const onChange = () => queueMicrotask(report);
    const keeper = keepContainer(jobOf(container, { pod, folder, facts, volumes, isInit, onChange, world }));
    keepers.set(container.name, keeper);
    return keeper;
  }

  async function live(): Promise<void> {
    mkdirSync(folder, { recursive: true });
    report();
    const volumes = await volumesOf(pod, { folder, facts, world, stopping: stopping.signal });
    for (const container of pod.spec.initContainers ?? []) {
      if (!volumes || stopping.signal.aborted) return;
      const keeper = keep(container, volumes, true);
      await keeper.over;
      const { state } = keeper.status();
      if (!('terminated' in state) || state.terminated.exitCode !== 0) return;
    }
    if (!volumes || stopping.signal.aborted) return;
    await Promise.all(pod.spec.containers.map(container => keep(container, volumes).over));
  }

  const living = live().catch(error => world.say(`${nameOf(pod)}: ${error}`));
  return {
    pod: () => pod,
    folder,
    update(next) {
      pod = next;
      report();
    },
    async terminate(graceSeconds) {
      stopping.abort();
      await Promise.all([...keepers.values()].map(keeper => keeper.stop(graceSeconds)));
      await living;
      report();
      await reporter.settled();
      await world.remove(pod);
      world.addresses.giveBack(facts.podIP);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Place {
  folder: string;
  facts: Facts;
  world: World;
  stopping: AbortSignal;
}

/** Tried until everything they are made of exists; undefined when the pod is to end before that. */
async function volumesOf(pod: Pod, { folder, facts, world, stopping }: Place) {
  const sources = { read: world.reader(pod.metadata.namespace!), token: world.tokens(pod) };
  while (!stopping.aborted) {
    try {
      return await makeVolumes(pod, { folder, claims: join(world.folder, 'claims'), facts, ...sources });
    } catch (error) {
      world.say(`${nameOf(pod)}: ${error}`);
      await pause(VOLUMES_AGAIN_S, stopping);
    }
  }
  return undefined;
}
