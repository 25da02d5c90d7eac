/**
 * What is kept in memory of an object that is watched. A cluster has thousands that no pipeline names, and half of each is
 * `managedFields`, which only few look into: who wrote a held template or a version, and whether an autoscaler bears the trace of a hold.
 * Pure; what is written to the cluster is never made from what was left out here.
 */
import type { KubeObject } from '../kube/client.ts';
import { GATE_LABEL } from './gate-policy.ts';
import { PIPELINE } from './labels.ts';
import type { Deployment, EndpointSlice } from './objects.ts';
import { SERVICE_NAME } from './ready.ts';
import type { PipelineResource } from './resources.ts';

export function withoutManagers<T extends KubeObject>(object: T): T {
  const { managedFields: _left, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown };
  return { ...object, metadata };
}

/** The user's own tells who wrote its template. */
export function keptDeployment(deployment: Deployment): Deployment {
  return deployment.metadata.labels?.[GATE_LABEL] === undefined ? withoutManagers(deployment) : deployment;
}

/** What is released of a prompt or of an external workload stands in the pipeline itself: whoever wrote that began the release. */
export function keptPipeline(pipeline: PipelineResource): PipelineResource {
  const { target } = pipeline.spec as { target?: { kubernetes?: { workload?: string } } };
  const isManaged = target?.kubernetes !== undefined && target.kubernetes.workload !== 'external';
  return isManaged ? withoutManagers(pipeline) : pipeline;
}

/** Which addresses of which Service are ready, and whether it is a candidate's: of everything that has a Service there is one, and most are nobody's. */
export function keptSlice({ metadata, addressType, endpoints }: EndpointSlice): EndpointSlice {
  const { name, namespace, resourceVersion, labels } = metadata;
  const kept = [SERVICE_NAME, PIPELINE].flatMap(key => (labels?.[key] === undefined ? [] : [[key, labels[key]]]));
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(kept.length === 0 ? {} : { labels: Object.fromEntries(kept) }),
    },
    ...(addressType === undefined ? {} : { addressType }),
    endpoints: (endpoints ?? []).map(({ addresses, conditions: { ready } = {} }) => ({
      addresses,
      ...(ready === undefined ? {} : { conditions: { ready } }),
    })),
  };
}
