/** Pipelines of the tests, applied as people apply them, and waiting for what becomes of them. */
import { until } from '../../support/until.ts';
import type { KubeObject } from '../client/objects.ts';
import type { Cluster } from './cluster.ts';

export interface Wishes {
  stages?: { weight: number; [key: string]: unknown }[];
  stage?: object;
  bake?: string;
  rollback?: object;
  target?: object;
  prometheus?: object;
  regression?: object;
}

/** Of the Deployment and the route of the same name. Short stages; the real statistics. */
export function pipeline(namespace: string, name: string, wishes: Wishes = {}): KubeObject {
  const { stages, bake = '3s', rollback, target, prometheus, regression } = wishes;
  return {
    apiVersion: 'spillway.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name, namespace },
    spec: {
      target: { kubernetes: { deployment: name, route: { name }, drain: '1s', ...target } },
      metrics: { prometheus: { template: 'traefik', silentAfter: '10s', ...prometheus } },
      regression: {
        alpha: 0.01,
        metrics: [{ name: 'latency', unit: 's', direction: 'lowerIsBetter', minEffect: '50%', required: false }],
        ...regression,
      },
      rollout: {
        stages: stages ?? [{ weight: 10 }, { weight: 25 }, { weight: 50 }, { weight: 100 }],
        stage: { hold: '4s', timeout: '2m', minSamples: 20, ...wishes.stage },
        bake,
      },
      ...(rollback ? { rollback } : {}),
    },
  };
}

const path = (namespace: string, name: string) =>
  `/apis/spillway.dev/v1alpha1/namespaces/${namespace}/pipelines/${name}`;

export const readPipeline = (cluster: Cluster, name: string): Promise<KubeObject> =>
  cluster.api.call('GET', path(cluster.namespace, name));

/** Waits until the status is as `look` says; answers the resource. */
export function untilPipeline(
  cluster: Cluster,
  name: string,
  look: (status: NonNullable<KubeObject['status']>) => unknown,
  withinMs = 60_000,
): Promise<KubeObject> {
  return until(
    `pipeline ${name}: ${look}`,
    async () => {
      const found = await readPipeline(cluster, name);
      return found['status'] && look(found['status']) && found;
    },
    { withinMs, everyMs: 100, instead: async () => (await readPipeline(cluster, name))['status'] },
  );
}

export function conditionOf(status: KubeObject['status'], type: string) {
  const conditions: { type: string; status: string; reason: string; message: string }[] = status?.conditions ?? [];
  return conditions.find(one => one.type === type);
}

/** As `kubectl set image` or a Git sync changes it. */
export function setTemplate(
  cluster: Cluster,
  name: string,
  { version, env = {} }: { version: string; env?: Record<string, string> },
): Promise<KubeObject> {
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  const container = { name: 'app', image: `app:${version}`, env: variables };
  return cluster.api.patch(`/apis/apps/v1/namespaces/${cluster.namespace}/deployments/${name}`, 'strategic', {
    spec: { template: { spec: { containers: [container] } } },
  });
}
