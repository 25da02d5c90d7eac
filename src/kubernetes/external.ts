/** The candidate of an external workload: it runs already, in somebody else's hands, and is looked at where it can be. */
import type { BackendPlan } from '../config/plan.ts';
import { type Release, workloadOf } from '../rollout/release.ts';
import type { CandidateFinding } from '../rollout/workload.ts';
import { readyAddresses } from './ready.ts';
import type { Ground } from './workloads.ts';

export async function externalCandidate(release: Release, ground: Ground): Promise<CandidateFinding> {
  const plan = workloadOf(release);
  if (!plan || !('external' in plan.workload)) return { isReady: true, why: 'nothing has to run for it' };
  const { baseline, candidate } = plan.workload.external;
  const addressesOf = ({ group, kind, name, namespace = plan.namespace }: BackendPlan) =>
    group === '' && kind === 'Service' ? readyAddresses(ground.cluster, namespace, name) : undefined;
  const addresses = addressesOf(candidate);
  const { healthCheck } = release.plan.rollback;
  // What is no Service has no pods that are known here; an address of its own can be checked nevertheless.
  const known = addresses ?? (healthCheck?.url.includes('{pod}') ? [] : [candidate.name]);
  const pods = { baseline: addressesOf(baseline) ?? [], candidate: known };
  const { unhealthy, alarm } = healthCheck ? ground.checks.look(release.id, healthCheck, pods) : {};
  if (unhealthy !== undefined) return { isReady: false, why: unhealthy, unhealthy };
  if (addresses?.length === 0) return { isReady: false, why: `Service ${candidate.name} has no ready endpoint` };
  const { isAttached, why } = await ground.attach(release);
  if (!isAttached) return { isReady: false, why };
  return {
    isReady: true,
    why: [`${candidate.kind} ${candidate.name} can take requests`, alarm].filter(Boolean).join('; '),
  };
}
