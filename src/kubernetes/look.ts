/**
 * One look at a pipeline of a workload: what the cluster has of it, by what is watched, and what the store says. It changes
 * nothing, and what it gives is all that a step and a status are made of.
 */
import type { Json, KubernetesPlan } from '../config/plan.ts';
import { releaseOf } from '../controller/run.ts';
import { isActive, type Release, workloadOf } from '../rollout/release.ts';
import type { RouteRow, Store } from '../store/store.ts';
import type { RouteObject } from '../traffic/gateway/object.ts';
import type { Cluster } from './cluster.ts';
import { type ExternalLook, type ExternalVersion, lookAtExternal } from './external-workload.ts';
import { BREAK_GLASS, GATE_LABEL } from './gate-policy.ts';
import { whyNotReverted } from './gitops.ts';
import { isNothingLeft, leftoversOf } from './leftovers.ts';
import { type Located, locate, locateByRoutes, type Named } from './locate.ts';
import type { Gate, View, WorkloadView } from './next-step.ts';
import type { Deployment } from './objects.ts';
import { isOurs, rollOf } from './own-deployment.ts';
import { whyNoCandidate } from './parts.ts';
import type { PipelineResource } from './resources.ts';
import { versionOf } from './template.ts';
import type { Watched } from './watched.ts';

export interface Look {
  view: View;
  /** What is in force: of the release that is under way or has left something, else of the document. */
  kubernetes: KubernetesPlan;
  deployment: Deployment | undefined;
  /** As the document names it. */
  located: Located | undefined;
  /** The same with the sides as they are now: of an external workload they take turns. */
  sides: Located | undefined;
  /** What an external workload is asked to run. */
  external: ExternalVersion | undefined;
  route: RouteRow | undefined;
  /** The active release, else the newest that has ended. */
  newest: Release | undefined;
}

export interface Subject {
  resource: PipelineResource;
  artifact: string;
  /** As it stands in the document, or stood when that was last right. */
  kubernetes: KubernetesPlan;
  /** What is wrong with the document itself. */
  problems: readonly string[];
}

export interface Surroundings {
  cluster: Cluster & Pick<Watched, 'route'>;
  store: Pick<Store, 'getRoute' | 'getVersion' | 'listReleases'>;
  gate: Gate;
  /** The release whose version was seen to be taken out of the workload after its end. */
  takenBack?: string | undefined;
  /** What the cluster cannot do, as far as it was asked. */
  incapable: readonly string[];
  /** What it names and an older pipeline has. */
  claimed: readonly string[];
}

export async function look(subject: Subject, around: Surroundings): Promise<Look> {
  const { resource, artifact } = subject;
  const { cluster, store, gate } = around;
  const [route, page] = await Promise.all([store.getRoute(artifact), store.listReleases({ artifact, limit: 1 })]);
  const newest = page.releases[0] && releaseOf(page.releases[0]);
  const active = newest && isActive(newest) ? newest : undefined;
  const { name } = resource.metadata;
  const kubernetes = inForce(subject, newest, cluster);
  const deployment = deploymentOf(kubernetes, cluster);
  const named = namedBy(kubernetes, deployment, cluster);
  const located = locate(kubernetes, name, named);
  const isUnderWay = active !== undefined || hasLeft(kubernetes, name, cluster);
  // What is wrong now must not hide where the traffic of a release is: the route itself still says that.
  const place = 'problems' in located ? (isUnderWay ? locateByRoutes(kubernetes, named.routes) : undefined) : located;
  const external = place && (await externalOf(subject, { kubernetes, place, routes: named.routes, route }, store));
  const workload = deployment ? workloadView(deployment, kubernetes, gate) : external?.found?.view;
  const last = newest && !active ? newest : undefined;
  const view: View = {
    isDeleting: resource.metadata.deletionTimestamp !== undefined,
    problems: [
      ...subject.problems,
      ...('problems' in located ? located.problems : [whyNoCandidate(kubernetes, name, cluster) ?? []].flat()),
      ...(external?.problems ?? []),
      ...around.claimed,
      ...around.incapable,
    ],
    gate,
    workload,
    baseline: route?.baseline ?? null,
    active: active && { version: active.version, phase: active.phase },
    last: last && {
      ...last,
      isHeldBack: (await holderOf(last.version, artifact, store)) === last.id,
      isTakenBack: around.takenBack === last.id,
    },
    heldBy: workload ? await holderOf(workload.version, artifact, store) : null,
    hasLeftovers: hasLeft(kubernetes, name, cluster),
  };
  const sides = place && { ...place, ...external?.found?.sides };
  return { view, kubernetes, deployment, located: place, sides, external: external?.found?.applied, route, newest };
}

/** A document that is edited in mid-release names what comes next; what is there was made by the plan of the release. */
function inForce({ kubernetes, resource }: Subject, newest: Release | undefined, cluster: Cluster): KubernetesPlan {
  const before = newest && workloadOf(newest);
  if (!before) return kubernetes;
  return isActive(newest) || hasLeft(before, resource.metadata.name, cluster) ? before : kubernetes;
}

function hasLeft(plan: KubernetesPlan, pipeline: string, cluster: Cluster): boolean {
  return !isNothingLeft(leftoversOf(cluster, plan.namespace, pipeline, deploymentOf(plan, cluster)));
}

interface ExternalParts {
  /** In force. */
  kubernetes: KubernetesPlan;
  place: Located;
  routes: readonly (RouteObject | undefined)[];
  route: RouteRow | undefined;
}

/** The name of the version is always the document's: a newer one is to be seen in mid-release too. */
async function externalOf(
  subject: Subject,
  { kubernetes, place, routes, route }: ExternalParts,
  store: Surroundings['store'],
): Promise<{ found?: ExternalLook; problems: string[] }> {
  if ('managed' in kubernetes.workload) return { problems: [] };
  let serves: Json | undefined;
  if (route) serves = (await store.getVersion(subject.artifact, route.baseline))?.spec;
  const asked = 'managed' in subject.kubernetes.workload ? kubernetes : subject.kubernetes;
  const found = lookAtExternal(asked, { place, routes, serves });
  return 'problems' in found ? found : { found, problems: [] };
}

function namedBy(plan: KubernetesPlan, deployment: Deployment | undefined, cluster: Surroundings['cluster']): Named {
  return {
    deployment: deployment && {
      podLabels: deployment.spec.template.metadata?.labels ?? {},
      gate: deployment.metadata.labels?.[GATE_LABEL],
    },
    routes: plan.routes.map(route => cluster.route(route)),
    services: cluster.services.list(plan.namespace),
  };
}

export function deploymentOf(
  { workload, namespace }: KubernetesPlan,
  cluster: Pick<Cluster, 'deployments'>,
): Deployment | undefined {
  return 'managed' in workload ? cluster.deployments.get(namespace, workload.managed.deployment) : undefined;
}

async function holderOf(version: string, artifact: string, store: Surroundings['store']): Promise<string | null> {
  return (await store.getVersion(artifact, version))?.heldBy ?? null;
}

function workloadView(deployment: Deployment, plan: KubernetesPlan, gate: Gate): WorkloadView {
  const { metadata, spec } = deployment;
  const breakGlass = metadata.annotations?.[BREAK_GLASS];
  return {
    version: versionOf(deployment),
    isPaused: spec.paused === true,
    isHeld: isOurs(deployment, gate),
    isRolledOut: rollOf(deployment).isDone,
    mayRevert: whyNotReverted(deployment, plan) === undefined,
    ...(breakGlass === undefined ? {} : { breakGlass }),
  };
}
