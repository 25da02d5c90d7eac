/** What a team keeps in Git: its Deployment, Service, route and Pipeline, as a tool of GitOps brings them to the cluster. */
import type { KubeObject } from '../client/objects.ts';
import { pipeline, type Wishes } from './pipelines.ts';
import { STAGES } from './scene.ts';
import { route, type Workload, workload } from './workloads.ts';

export interface Desired {
  version: string;
  wishes?: Wishes;
  workload?: Omit<Workload, 'name' | 'version'>;
  /** Of its HTTPRoute. */
  annotations?: Record<string, string>;
  /** More of the route's only rule. */
  rule?: object;
  /** Beside them. */
  others?: readonly KubeObject[];
}

/** Without traffic, which nobody misses: a release goes on when a person says so. */
const BY_HAND: Wishes = {
  stages: STAGES,
  bake: '1s',
  stage: { hold: '1s', timeout: '10m', minSamples: 20 },
  prometheus: { silentAfter: '10m' },
};

export const hostOf = (namespace: string, name: string) => `${name}.${namespace}.example`;

export function desiredState(namespace: string, name: string, desired: Desired): KubeObject[] {
  const { version, wishes, annotations, rule = {}, others = [] } = desired;
  const labels = { 'spillway.dev/gate': name };
  const way = route(namespace, name, { host: hostOf(namespace, name), weights: { [name]: 1 } });
  Object.assign(way['spec'].rules[0], rule);
  if (annotations !== undefined) way.metadata.annotations = annotations;
  return [
    ...workload(namespace, { replicas: 1, labels, ...desired.workload, name, version }),
    way,
    pipeline(namespace, name, { ...BY_HAND, ...wishes }),
    ...others,
  ];
}
