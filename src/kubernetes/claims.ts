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
  documents: Pick<KnownDocuments, 'planOf' | 'claimsOf' | 'read'>;
}

/** @param own what the pipeline names @returns one problem for each older pipeline that names some of it too */
export async function claimedByOthers(
  { metadata }: PipelineResource,
  own: readonly string[],
  around: Surroundings,
): Promise<string[]> {
  const { cluster, documents } = around;
  const { creationTimestamp: since = '' } = metadata;
  const others = cluster.pipelines
    .list()
    .filter(({ metadata: { uid, creationTimestamp = '' } }) => uid !== metadata.uid && creationTimestamp <= since);
  // After a start nobody's document has been read, and the younger of two may be the first to be looked at.
  for (const other of others)
    if (documents.claimsOf(keyOf(other.metadata)) === undefined) await documents.read(keyOf(other.metadata), other);
  const age = ageOf(metadata, around);
  return others.flatMap(other => {
    if (ageOf(other.metadata, around) > age) return [];
    const key = keyOf(other.metadata);
    const shared = documents.claimsOf(key)?.find(claim => own.includes(claim));
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
