/** The candidate of an external workload: it runs already, in somebody else's hands, and is looked at where it can be. */
import type { BackendPlan } from '../config/plan.ts';
import { type Release, workloadOf } from '../rollout/release.ts';
import type { CandidateFinding } from '../rollout/workload.ts';
import { type Backend, nameOfBackend } from '../traffic/gateway/object.ts';
import { backendOf } from '../traffic/sides.ts';
import { readyAddresses } from './ready.ts';
import type { Ground } from './workloads.ts';

export async function externalCandidate(release: Release, ground: Ground): Promise<CandidateFinding> {
  const plan = workloadOf(release);
  if (!plan || !('external' in plan.workload)) return { isReady: true, why: 'nothing has to run for it' };
  const { baseline, candidate } = await armsOf(release, plan.workload.external, ground);
  const addressesOf = ({ group = '', kind = 'Service', name, namespace = plan.namespace }: Backend) =>
    group === '' && kind === 'Service' ? readyAddresses(ground.cluster, namespace, name) : undefined;
  const addresses = addressesOf(candidate);
  const { healthCheck } = release.plan.rollback;
  // What is no Service has no pods that are known here; an address of its own can be checked nevertheless.
  const known = addresses ?? (healthCheck?.url.includes('{pod}') ? [] : [candidate.name]);
  const pods = { baseline: addressesOf(baseline) ?? [], candidate: known };
  const { unhealthy, alarm } = healthCheck ? ground.checks.look(release.id, healthCheck, pods) : {};
  if (unhealthy !== undefined) return { isReady: false, why: unhealthy, unhealthy };
  if (addresses?.length === 0)
    return { isReady: false, why: `Service ${candidate.name} has no ready endpoint`, isDown: true };
  const { isAttached, why } = await ground.attach(release);
  if (!isAttached) return { isReady: false, why };
  return { isReady: true, why: [`${nameOfBackend(candidate)} can take requests`, alarm].filter(Boolean).join('; ') };
}

/** The version names its backend: what is the candidate of one release is the baseline of the next. */
async function armsOf(
  { artifact, version }: Release,
  plan: { baseline: BackendPlan; candidate: BackendPlan },
  { templates }: Ground,
): Promise<{ baseline: Backend; candidate: Backend }> {
  const own = backendOf(await templates(artifact, version));
  return own?.name === plan.baseline.name && (own.kind ?? 'Service') === plan.baseline.kind
    ? { baseline: plan.candidate, candidate: plan.baseline }
    : plan;
}
