/**
 * Candidates of releases that this one has superseded. They go when the Service has turned to the new one, and when the drain is
 * over since: until then they may be answering.
 */
import { type Release, workloadOf } from '../rollout/release.ts';
import type { Candidate } from './candidate.ts';
import { drainLeftMs } from './clearance.ts';
import { CANDIDATE } from './labels.ts';
import { leftoversOf } from './leftovers.ts';
import { pathOf } from './objects.ts';
import { hashOf } from './template.ts';
import type { Ground } from './workloads.ts';

export async function removeStale(release: Release, { service }: Candidate, ground: Ground): Promise<void> {
  const { namespace, drainMs } = workloadOf(release)!;
  const hash = hashOf(release.version);
  const { objects } = leftoversOf(ground.cluster, namespace, release.pipeline);
  const stale = objects.filter(({ object }) => {
    const of = object.metadata.labels?.[CANDIDATE];
    return of !== undefined && of !== hash;
  });
  if (stale.length === 0) return;
  const seen = ground.cluster.services.get(namespace, service.metadata.name);
  if (seen?.spec.selector?.[CANDIDATE] !== hash) return;
  const leftMs = drainLeftMs(await ground.isRouteClear(release), drainMs, ground.clock.monotonicMs());
  // Not clear: this one has weight already, and the Service has served no other for as long as its pods took to get ready.
  if (leftMs !== undefined && leftMs > 0) return;
  for (const { kind, object } of stale) {
    const { name, uid } = object.metadata;
    await ground.client.remove(pathOf(kind, namespace, name), uid === undefined ? {} : { uid });
  }
}
