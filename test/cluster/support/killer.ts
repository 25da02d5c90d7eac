/**
 * Kills a server as a power cut does and starts it again at once, at moments that a seed draws: half of them some steps into what
 * the cluster is seen to do, because that is where a release is half done, half of them by the clock.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../../src/stats/random.ts';
import type { ServerProcess } from '../../support/spillway.ts';
import { follow } from '../client/follow.ts';
import type { Cluster } from './cluster.ts';

export interface Kill {
  /** `performance.now()`. */
  atMs: number;
  /** How the moment was drawn. */
  drawn: string;
}

export interface Killing {
  cluster: Cluster;
  start(): Promise<ServerProcess>;
  seed: number;
  times: number;
  onKill(kill: Kill): void;
}

const STEPS_MAX = 12;
const JITTER_MS = 250;
const LIFE_MAX_MS = 5_000;
/** Nothing happens: then the clock decides. */
const PATIENCE_MS = 4_000;

/** @returns the server that lives in the end, and the kills */
export async function killAgainAndAgain(
  o: Killing,
  first: ServerProcess,
): Promise<{ server: ServerProcess; kills: Kill[] }> {
  const random = seededRandom(o.seed);
  const stop = new AbortController();
  const steps = countSteps(o.cluster, stop.signal);
  const kills: Kill[] = [];
  let server = first;
  for (let n = 0; n < o.times; n++) {
    const drawn = await untilMoment(random, steps);
    await server.killHard();
    kills.push({ atMs: performance.now(), drawn });
    o.onKill(kills.at(-1)!);
    server = await o.start();
  }
  stop.abort();
  return { server, kills };
}

async function untilMoment(random: () => number, steps: () => number): Promise<string> {
  if (random() < 0.5) {
    const lifeMs = random() * LIFE_MAX_MS;
    await sleep(lifeMs);
    return `after ${Math.round(lifeMs)} ms`;
  }
  const wanted = 1 + Math.floor(random() * STEPS_MAX);
  const jitterMs = random() * JITTER_MS;
  const [from, untilMs] = [steps(), performance.now() + PATIENCE_MS];
  while (steps() - from < wanted && performance.now() < untilMs) await sleep(2);
  await sleep(jitterMs);
  return `after ${steps() - from} of ${wanted} steps and ${Math.round(jitterMs)} ms`;
}

/** Writes to what a release is made of, counted as they are seen. */
function countSteps(cluster: Cluster, signal: AbortSignal): () => number {
  let count = 0;
  const step = () => void count++;
  const collections = [
    'apps/v1/deployments',
    'spillway.dev/v1alpha1/pipelines',
    'gateway.networking.k8s.io/v1/httproutes',
  ];
  for (const collection of collections) {
    const at = collection.lastIndexOf('/');
    const path = `/apis/${collection.slice(0, at)}/namespaces/${cluster.namespace}${collection.slice(at)}`;
    void follow(cluster.api, path, { onSet: step, onGone: step }, signal);
  }
  return () => count;
}
