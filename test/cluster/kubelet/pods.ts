/**
 * All pods of the cluster: binds those without a node, starts and ends the lives of those that are bound here. Follows what
 * the apiserver says and keeps nothing else, so that after a restart of the apiserver it carries on.
 */
import { type Api, Refusal } from '../client/api.ts';
import { follow } from '../client/follow.ts';
import { NODE } from '../plane/addresses.ts';
import { nameOf, type Pod } from './pod.ts';
import { type PodLife, startPod } from './pod-life.ts';
import type { World } from './world.ts';

/** For a pod whose object was deleted by force: nobody waits for it any more. */
const FORCED_GRACE_S = 1;

export function followPods(api: Api, world: World, signal: AbortSignal): ReadonlyMap<string, PodLife> {
  const lives = new Map<string, PodLife>();
  const graces = new Map<string, number>();

  function onSet(pod: Pod): void {
    const { uid, deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
    if (!pod.spec.nodeName && !deletionTimestamp) return void bind(api, world, pod);
    if (pod.spec.nodeName !== NODE) return;
    const life = lives.get(uid!);
    if (life) life.update(pod);
    if (deletionTimestamp) end(pod, deletionGracePeriodSeconds);
    else if (!life && !isOver(pod)) lives.set(uid!, startPod(pod, world));
  }

  function end(pod: Pod, graceSeconds: number): void {
    const uid = pod.metadata.uid!;
    if (graceSeconds >= (graces.get(uid) ?? Number.POSITIVE_INFINITY)) return;
    graces.set(uid, graceSeconds);
    const life = lives.get(uid);
    const ended = life ? life.terminate(graceSeconds) : world.remove(pod);
    ended
      .catch(error => world.say(`${nameOf(pod)} could not be ended: ${error}`))
      .finally(() => {
        lives.delete(uid);
        graces.delete(uid);
      });
  }

  const follower = {
    onSet,
    onGone: (pod: Pod) => {
      if (lives.has(pod.metadata.uid!)) end(pod, FORCED_GRACE_S);
    },
    onBroken: (error: unknown) => world.say(`pods are followed anew: ${error}`),
  };
  void follow(api, '/api/v1/pods', follower, signal);
  return lives;
}

async function bind(api: Api, world: World, { metadata }: Pod): Promise<void> {
  const { namespace, name, uid } = metadata;
  const target = { apiVersion: 'v1', kind: 'Node', name: NODE };
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target };
  await api.call('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, binding).catch(error => {
    // Bound or deleted meanwhile. Anything else is tried again when the list is read again.
    if (!(error instanceof Refusal)) world.say(`${namespace}/${name} could not be bound: ${error}`);
  });
}

const isOver = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';
