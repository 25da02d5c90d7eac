/**
 * The user's own Deployment takes the version over, or goes back to the one before: its pause is lifted, or its template replaced,
 * and its roll is watched. Every write is tested against the object that was looked at.
 */
import type { Operation } from '../kube/client.ts';
import { type Release, workloadOf } from '../rollout/release.ts';
import type { PromotionFinding } from '../rollout/workload.ts';
import { whyNotReverted } from './gitops.ts';
import { type Deployment, nameOf, pathOf } from './objects.ts';
import { isHeld, putBackPatch, resumePatch, rollOf } from './own-deployment.ts';
import { putBack, versionOf } from './template.ts';
import type { Ground } from './workloads.ts';

type Finding = Promise<PromotionFinding>;

export async function promoteWorkload(release: Release, ground: Ground): Finding {
  const found = ownDeployment(release, ground);
  if ('isReady' in found) return found;
  if (versionOf(found) !== release.version) return overtaken(release, found, ground);
  return carryOn(found, resumePatch(found), ground, 'it is let go, and rolls');
}

/**
 * The template of the baseline, whoever owns the Deployment: its pods serve everyone now, and some run the bad version. A tool that
 * writes that version again is held by the gate.
 */
export async function reverseWorkload(release: Release, ground: Ground): Finding {
  const found = ownDeployment(release, ground);
  // Traffic is back; what is not there, or scaled to nothing, has nothing to turn back.
  if ('isReady' in found) return { ...found, isReady: true };
  const { baseline, artifact } = release;
  if (baseline === null) return { isReady: false, why: 'there is no version before this one to go back to' };
  if (versionOf(found) === baseline) {
    const rolled = await carryOn(found, resumePatch(found), ground, 'it is let go, and rolls back');
    return found.spec.replicas === 0 ? { ...rolled, isReady: true } : rolled;
  }
  const template = putBack(await ground.templates(artifact, baseline), found);
  return carryOn(found, putBackPatch(found, template), ground, 'its old template was put back, and rolls');
}

function ownDeployment(release: Release, { cluster }: Ground): Deployment | PromotionFinding {
  const plan = workloadOf(release);
  if (!plan || 'external' in plan.workload) return { isReady: true, why: 'there is no Deployment to roll' };
  const { deployment: name } = plan.workload.managed;
  const what = nameOf('Deployment', { namespace: plan.namespace, name });
  return (
    cluster.deployments.get(plan.namespace, name) ?? { isReady: false, why: `${what} is not there; create it again` }
  );
}

/** What was written last says nothing yet: the next pass sees what became of it. */
async function carryOn(found: Deployment, operations: readonly Operation[], ground: Ground, done: string): Finding {
  if (operations.length > 0) {
    await patchOwn(found, operations, ground);
    return { isReady: false, why: `Deployment ${found.metadata.name}: ${done}` };
  }
  const { isDone, why } = rollOf(found);
  return { isReady: isDone, why };
}

/** Somebody wrote a template while the version was being promoted. The candidate serves everyone, so there is no hurry. */
async function overtaken(release: Release, found: Deployment, ground: Ground): Finding {
  const plan = workloadOf(release)!;
  // Somebody takes the version back: that is a rollback, and not this call's to overrule.
  if (versionOf(found) === release.baseline)
    return {
      isReady: false,
      why: `the template of the baseline was written into Deployment ${found.metadata.name} again; traffic stays with the candidate until the release is rolled back`,
    };
  const is = `a newer template than that of the release was written into Deployment ${found.metadata.name}`;
  if (!isHeld(found))
    return {
      isReady: false,
      why: `${is}, and it rolls unheld; traffic stays with the candidate. Apply the template of the release again, or roll back`,
    };
  const whyNot = whyNotReverted(found, plan);
  if (whyNot !== undefined)
    return {
      isReady: false,
      why: `${is} and is held; ${whyNot}. Traffic stays with the candidate until the template of the release is applied again, or the release is rolled back`,
    };
  const template = putBack(await ground.templates(release.artifact, release.version), found);
  await patchOwn(found, putBackPatch(found, template), ground);
  ground.log.warn({ release: release.id, newer: versionOf(found) }, `${is}; that of the release was put back`);
  return {
    isReady: false,
    why: `${is}; that of the release was put back, so that it can end. Apply the newer one again after it`,
  };
}

export async function patchOwn(
  { metadata: { namespace, name } }: Deployment,
  operations: readonly Operation[],
  { client }: Pick<Ground, 'client'>,
): Promise<void> {
  await client.patch(pathOf('Deployment', namespace, name), operations);
}
