/**
 * Makes the candidate of a release exist in the number that its weight needs, with all that the stable pods have, named by the
 * route; and says whether it may take that weight. Order: policies before pods, pods before the Service, the Service before
 * the route.
 */
import type { KubernetesPlan } from '../config/plan.ts';
import type { KubeObject } from '../kube/client.ts';
import { type Release, workloadOf } from '../rollout/release.ts';
import type { CandidateFinding } from '../rollout/workload.ts';
import type { Copy } from './bystanders.ts';
import type { Lookup } from './cluster.ts';
import { externalCandidate } from './external.ts';
import type { HealthFinding } from './health-check.ts';
import { holdOf, takeHold, wantedHold } from './hold.ts';
import { CANDIDATE, PIPELINE } from './labels.ts';
import type { Deployment, Pod, Service } from './objects.ts';
import { type Parts, partsOf, type Stable, stableOf } from './parts.ts';
import { type PodHealth, podHealth } from './pod-health.ts';
import { isReadyPod, readyAddresses } from './ready.ts';
import { replicasFor, scales, stableReplicas } from './share.ts';
import { removeStale } from './stale.ts';
import { hashOf } from './template.ts';
import type { Ground } from './workloads.ts';

export async function prepareWorkload(release: Release, ground: Ground): Promise<CandidateFinding> {
  const plan = workloadOf(release);
  if (!plan || 'external' in plan.workload) return externalCandidate(release, ground);
  const finding = await managedCandidate(release, plan, ground);
  const isUp = ground.cluster.pods.list(plan.namespace).some(pod => isOf(release, pod) && isReadyPod(pod));
  if (isUp) return finding;
  // What counts replicas and endpoints hears of a pod that is gone later than we do.
  const why = finding.isReady ? 'none of its pods is ready' : finding.why;
  return { ...finding, isReady: false, why, isDown: true };
}

async function managedCandidate(release: Release, plan: KubernetesPlan, ground: Ground): Promise<CandidateFinding> {
  // First of all: whatever else stands in the way, a candidate that is ill goes.
  const illness = illnessOf(release, plan.namespace, ground);
  if (illness !== undefined) return { isReady: false, why: illness, unhealthy: illness };
  const stable = stableOf(plan, ground.cluster);
  if ('refused' in stable) return notReady(stable.refused);
  const replicas = replicasFor(release.weight, await heldCount(release, stable, ground));
  const template = await ground.templates(release.artifact, release.version);
  const order = { ...release, releaseId: release.id, template, replicas, owner: ground.owner?.(release) };
  const parts = partsOf(order, stable, ground.cluster);
  if ('refused' in parts) return notReady(parts.refused);
  const made = await makeParts(release, parts, ground);
  if ('refused' in made) return notReady(made.refused);
  const finding = healthOf(release, { ...parts, stable, deployment: made.deployment, replicas }, ground);
  if (finding.unhealthy !== undefined) return finding;
  await removeStale(release, parts.candidate, ground);
  // Early, while pods start: the gateways take the new backend up meanwhile.
  const { isAttached, why } = await ground.attach(release);
  return finding.isReady && !isAttached ? notReady(why) : finding;
}

/** By its labels. */
function isOf({ pipeline, version }: Release, { metadata: { labels } }: KubeObject): boolean {
  return labels?.[PIPELINE] === pipeline && labels[CANDIDATE] === hashOf(version);
}

/** Of the pods and the Deployment that are there already. */
function illnessOf(release: Release, namespace: string, { cluster }: Ground): string | undefined {
  const isCandidate = (object: KubeObject) => isOf(release, object);
  const deployment = cluster.deployments.list(namespace).find(isCandidate);
  if (!deployment) return undefined;
  const health = podHealth(cluster.pods.list(namespace).filter(isCandidate), deployment, deployment.spec.replicas ?? 1);
  return health.is === 'unhealthy' ? health.why : undefined;
}

const notReady = (why: string): CandidateFinding => ({ isReady: false, why });

/** Pods that carry all traffic; holds every autoscaler of the Deployment at that number first. */
async function heldCount(release: Release, { namespace, deployment }: Stable, ground: Ground): Promise<number> {
  let held = 0;
  for (const hpa of ground.cluster.autoscalers.list(namespace).filter(one => scales(one, deployment))) {
    const hold = wantedHold(hpa, release.pipeline, deployment.spec.replicas ?? 1);
    if (hold) await takeHold(ground.client, hpa, hold);
    held = Math.max(held, (hold ?? holdOf(hpa))?.minReplicas ?? 0);
  }
  return stableReplicas(deployment, held);
}

async function makeParts(
  release: Release,
  { candidate, copies }: Parts,
  ground: Ground,
): Promise<{ deployment: Deployment } | { refused: string }> {
  const { cluster, ensure } = ground;
  const { namespace = '', name } = candidate.deployment.metadata;
  for (const copy of copies) {
    const made = await ensure(copy.kind, copy, lookupOf(copy, ground).get(namespace, copy.metadata.name));
    if ('refused' in made) return made;
  }
  const pods = await ensure('Deployment', candidate.deployment, cluster.deployments.get(namespace, name));
  if ('refused' in pods) return pods;
  const service = cluster.services.get(namespace, candidate.service.metadata.name);
  const whyNot = await whyNotTurned(release, service, ground);
  if (whyNot !== undefined) return { refused: whyNot };
  const made = await ensure('Service', candidate.service, service);
  return 'refused' in made ? made : { deployment: pods.object as Deployment };
}

function lookupOf({ kind }: Copy, { cluster }: Ground): Lookup<KubeObject> {
  switch (kind) {
    case 'NetworkPolicy':
      return cluster.networkPolicies;
    case 'PodDisruptionBudget':
      return cluster.podDisruptionBudgets;
    case 'PodMonitor':
      return cluster.podMonitors;
  }
}

/** A Service that still gives requests to the candidate of another release keeps its pods until the route gives it none. */
async function whyNotTurned(
  release: Release,
  service: Service | undefined,
  ground: Ground,
): Promise<string | undefined> {
  const selected = service?.spec.selector?.[CANDIDATE];
  if (selected === undefined || selected === hashOf(release.version)) return undefined;
  const { isClear, why } = await ground.isRouteClear(release);
  return isClear ? undefined : `the candidate before this one still gets requests: ${why}`;
}

interface Made extends Parts {
  stable: Stable;
  deployment: Deployment;
  replicas: number;
}

function healthOf(release: Release, made: Made, ground: Ground): CandidateFinding {
  const { stable, deployment, replicas } = made;
  const { cluster } = ground;
  const pods = cluster.pods.list(stable.namespace).filter(pod => isOf(release, pod));
  const health = podHealth(pods, deployment, replicas);
  if (health.is === 'unhealthy') return { isReady: false, why: health.why, unhealthy: health.why };
  const { unhealthy, alarm } = checkedOf(release, { stable, pods }, ground);
  if (unhealthy !== undefined) return { isReady: false, why: unhealthy, unhealthy };
  const finding = readinessOf(made, health, ground);
  return alarm === undefined ? finding : { ...finding, why: `${finding.why}; ${alarm}` };
}

function readinessOf({ candidate, stable, replicas }: Made, health: PodHealth, { cluster }: Ground): CandidateFinding {
  if (health.is !== 'healthy') return notReady(health.why);
  const name = candidate.service.metadata.name;
  const ready = readyAddresses(cluster, stable.namespace, name).length;
  if (ready < replicas) return notReady(`${ready} of ${replicas} endpoints of Service ${name} are ready`);
  return { isReady: true, why: `${replicas} pods of the candidate are ready` };
}

function checkedOf(
  release: Release,
  { stable, pods }: { stable: Stable; pods: readonly Pod[] },
  { cluster, checks }: Ground,
): HealthFinding {
  const { healthCheck } = release.plan.rollback;
  if (!healthCheck) return {};
  return checks.look(release.id, healthCheck, {
    baseline: readyAddresses(cluster, stable.namespace, stable.service.metadata.name),
    candidate: pods.filter(isReadyPod).flatMap(({ status }) => status?.podIP ?? []),
  });
}
