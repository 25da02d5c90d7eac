/**
 * Pipelines that are brought to a quarter of the traffic again and again, several side by side: while one is measured the
 * others start their pods, and only one has users at a time.
 */
import type { Cluster } from '../../test/cluster/support/cluster.ts';
import { pipeline, setTemplate, untilPipeline } from '../../test/cluster/support/pipelines.ts';
import { untilServed } from '../../test/cluster/support/traffic.ts';
import { route, untilRolledOut, workload } from '../../test/cluster/support/workloads.ts';

export const WEIGHT = 25;

export interface Stage {
  name: string;
  host: string;
  candidateService: string;
  /** Brings a new version to a quarter of the traffic; answers its name and its release. */
  raise(): Promise<{ version: string; release: string }>;
}

/** A Deployment of one pod with route and document; returns when it serves. */
export async function openStage(cluster: Cluster, name: string): Promise<Stage> {
  const { namespace } = cluster;
  const host = `${name}.${namespace}.example`;
  await cluster.apply(...workload(namespace, { name, version: 'v1', labels: { 'spillway.dev/gate': name } }));
  await cluster.apply(route(namespace, name, { host, weights: { [name]: 1 } }));
  await untilRolledOut(cluster, name);
  await cluster.apply(
    pipeline(namespace, name, {
      stages: [{ weight: WEIGHT }, { weight: 100 }],
      stage: { hold: '2h', timeout: '4h' },
      // A machine that others use makes answers slow: here nothing but errors, or the benchmark, takes a candidate back.
      regression: {
        metrics: [{ name: 'latency', unit: 's', direction: 'lowerIsBetter', minEffect: '900%', required: false }],
      },
    }),
  );
  await untilPipeline(cluster, name, ({ phase }) => phase === 'serving');
  await untilServed(host, { v1: 1 });
  let version = 1;
  return {
    name,
    host,
    candidateService: `${name}-candidate`,
    async raise() {
      version += 1;
      await untilPipeline(cluster, name, ({ phase }) => phase === 'serving', 120_000);
      await untilRestored(cluster, name);
      await setTemplate(cluster, name, { version: `v${version}` });
      const { status } = await untilPipeline(cluster, name, status => status.weight === WEIGHT, 120_000);
      await untilServed(host, { v1: 75, [`v${version}`]: 25 });
      return { version: `v${version}`, release: status.release };
    },
  };
}

/** Nothing is left of the release before, and the user's template is the old one again. */
async function untilRestored(cluster: Cluster, name: string): Promise<void> {
  for (;;) {
    const deployments = await cluster.list('apps/v1', 'deployments');
    const own = deployments.find(({ metadata }) => metadata.name === name)!;
    const hasCandidate = deployments.some(({ metadata }) => metadata.name.startsWith(`${name}-candidate-`));
    if (!hasCandidate && own['spec'].template.spec.containers[0].image === 'app:v1' && !own['spec'].paused) return;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

/** One at a time, in the order of asking. */
export function turnstile() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
