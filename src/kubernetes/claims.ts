/**
 * Which of two pipelines has what both name: the older one. The other changes nothing before one of the two is gone or names
 * something else, because two that release the same would supersede each other for ever.
 */
import { GATE_LABEL } from './gate-policy.ts';
import type { KnownDocuments } from './known-documents.ts';
import { deploymentOf } from './look.ts';
import type { PipelineResource } from './resources.ts';
import type { Watched } from './watched.ts';

interface Surroundings {
  cluster: Pick<Watched, 'pipelines' | 'deployments'>;
  documents: Pick<KnownDocuments, 'planOf' | 'claimsOf'>;
}

/** @param own what the pipeline names @returns one problem for each older pipeline that names some of it too */
export function claimedByOthers(
  { metadata }: PipelineResource,
  own: readonly string[],
  around: Surroundings,
): string[] {
  const { cluster, documents } = around;
  const age = ageOf(metadata, around);
  return cluster.pipelines.list().flatMap(other => {
    if (other.metadata.uid === metadata.uid || ageOf(other.metadata, around) > age) return [];
    const key = keyOf(other.metadata);
    const shared = documents.claimsOf(key).find(claim => own.includes(claim));
    return shared === undefined ? [] : [`${shared} is released by Pipeline ${key} already: one of the two must go`];
  });
}

/** To be compared. Two of one apply are made in one second: then it is the one that the Deployment's label names. */
function ageOf(one: PipelineResource['metadata'], { cluster, documents }: Surroundings): string {
  const plan = documents.planOf(keyOf(one));
  const isNamed = plan && deploymentOf(plan, cluster)?.metadata.labels?.[GATE_LABEL] === one.name;
  return [one.creationTimestamp ?? '', isNamed ? 'named' : 'other', one.uid ?? ''].join(' ');
}

const keyOf = ({ namespace, name }: PipelineResource['metadata']) => `${namespace}/${name}`;
