/**
 * After the end of a release: takes away what Spillway made, gives back what it held, and lets the user's Deployment go where it
 * is right to. Level-triggered and safe to be killed at any line. A candidate goes only after the data plane has stopped
 * sending to it and the drain is over; nothing is deleted that does not have our labels.
 */
import type { Clock } from '../clock.ts';
import type { KubernetesPlan } from '../config/plan.ts';
import type { Log } from '../controller/world.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Store } from '../store/store.ts';
import { type Clearance, drainLeftMs } from './clearance.ts';
import type { Cluster } from './cluster.ts';
import { whyNotReverted } from './gitops.ts';
import { giveBack } from './hold.ts';
import { isNothingLeft, leftoversOf } from './leftovers.ts';
import { type Deployment, pathOf } from './objects.ts';
import { isOurs, pausePatch, putBackPatch, resumePatch, rollOf } from './own-deployment.ts';
import { forgettingPatch } from './ownership.ts';
import { patchOwn } from './promote.ts';
import { templatesOf } from './stored-templates.ts';
import { putBack, versionOf } from './template.ts';
import { wordsOf } from './workloads.ts';

export interface SweepOrder {
  pipeline: string;
  artifact: string;
  plan: KubernetesPlan;
  /** The version that serves; null before the first. */
  baseline: string | null;
  /** What was given up: of the release that ended last, or held by an earlier one. Only this is replaced in the Deployment: another is a release to come. */
  ended?: string | undefined;
  /** `policy`: the API server pauses what changes. `paused`: the Deployment stays paused between releases. */
  gate: 'policy' | 'paused';
}

export interface SweepOptions {
  client: KubeClient;
  store: Pick<Store, 'getVersion'>;
  clock: Clock;
  log: Log;
  cluster: Cluster;
  isRouteClear(order: SweepOrder): Promise<Clearance>;
  /** By fresh looks, for what cannot be undone: why nothing may be deleted, if so. */
  whyNotDeleted(order: SweepOrder): Promise<string | undefined>;
  /** Makes the routes as they were before the release, and waits until every parent has seen it. No call when they are. */
  detach(order: SweepOrder): Promise<{ isDetached: boolean; why: string }>;
}

export interface Swept {
  isClean: boolean;
  /** What is waited for; or in what state the Deployment was left. */
  why: string;
}

/**
 * For every pass of a pipeline without an active release, also when it was clean before: what was made last may not be known yet.
 * Makes no call when all is clean. Never throws, never waits.
 */
export async function sweep(order: SweepOrder, options: SweepOptions): Promise<Swept> {
  try {
    return (await sweepCandidate(order, options)) ?? (await settleDeployment(order, options));
  } catch (error) {
    return { isClean: false, why: wordsOf(error, 'not all of the release was taken away') };
  }
}

/** @returns what is waited for; undefined when nothing is left */
async function sweepCandidate(order: SweepOrder, options: SweepOptions): Promise<Swept | undefined> {
  const { plan, pipeline } = order;
  const { cluster, client, clock } = options;
  const waiting = (why: string): Swept => ({ isClean: false, why });
  const left = leftoversOf(cluster, plan.namespace, pipeline, ownOf(cluster, plan));
  const clearance = await options.isRouteClear(order);
  const leftMs = drainLeftMs(clearance, plan.drainMs, clock.monotonicMs());
  if (leftMs === undefined) return waiting(`the candidate may still get requests: ${clearance.why}`);
  if (!isNothingLeft(left) && leftMs > 0)
    return waiting(`requests to the candidate are let finish (${Math.ceil(leftMs)} ms)`);
  const { isDetached, why: whyNot } = await options.detach(order);
  if (!isDetached) return waiting(whyNot);
  for (const hpa of left.held)
    if (!(await giveBack(client, hpa)))
      return waiting(`HorizontalPodAutoscaler ${hpa.metadata.name} was changed meanwhile`);
  const isToDelete = left.objects.some(({ object }) => object.metadata.deletionTimestamp === undefined);
  const whyKept = isToDelete ? await options.whyNotDeleted(order) : undefined;
  if (whyKept !== undefined) return waiting(whyKept);
  for (const { kind, object } of left.objects) {
    const { name, uid, deletionTimestamp } = object.metadata;
    if (deletionTimestamp === undefined)
      await client.remove(pathOf(kind, plan.namespace, name), uid === undefined ? {} : { uid });
  }
  if (isNothingLeft(left)) return undefined;
  return waiting(
    `the candidate is being removed: ${left.objects.length + left.dependents.length} objects are still there`,
  );
}

function ownOf(cluster: Cluster, { namespace, workload }: KubernetesPlan): Deployment | undefined {
  return 'managed' in workload ? cluster.deployments.get(namespace, workload.managed.deployment) : undefined;
}

/** Last of all, what we wrote into the user's Deployment is nobody's: the next apply meets no conflict. */
async function settleDeployment(order: SweepOrder, options: SweepOptions): Promise<Swept> {
  const own = ownOf(options.cluster, order.plan);
  if (!own) return { isClean: true, why: 'nothing is left' };
  const settled = await settleTemplate(own, order, options);
  const trace = forgettingPatch(own);
  if (!settled.isClean || trace.length === 0) return settled;
  await patchOwn(own, trace, options);
  return { isClean: false, why: `the ownership of fields of Deployment ${own.metadata.name} is given back` };
}

/** Resumed when it has the template that serves; put back where that is allowed; else left held, and said so. */
async function settleTemplate(own: Deployment, order: SweepOrder, options: SweepOptions): Promise<Swept> {
  const { plan, baseline, ended, artifact, gate } = order;
  const is = `Deployment ${own.metadata.name}`;
  const version = versionOf(own);
  if (version === baseline) return settleServing(own, gate, options);
  // One that was let loose has the mark of the gate still, and is its owner's again.
  if (own.spec.paused !== true) return { isClean: true, why: `${is} runs a template of its own` };
  if (version !== ended || baseline === null)
    return { isClean: true, why: `${is} is held for the release of a new template` };
  const whyNot = whyNotReverted(own, plan);
  if (whyNot !== undefined)
    return { isClean: true, why: `${is} stays held with the template that did not pass: ${whyNot}` };
  const template = putBack(await templatesOf(options.store)(artifact, baseline), own);
  await patchOwn(own, putBackPatch(own, template), options);
  options.log.info({ artifact, baseline, ended }, `the template that serves was put back into ${is}`);
  return { isClean: false, why: `the template that serves was put back into ${is}` };
}

/** A pause without our mark is the user's own, and stays. */
async function settleServing(own: Deployment, gate: SweepOrder['gate'], options: SweepOptions): Promise<Swept> {
  const is = `Deployment ${own.metadata.name}`;
  if (isOurs(own, gate)) {
    await patchOwn(own, resumePatch(own), options);
    return { isClean: false, why: `${is} is let go` };
  }
  if (gate === 'policy') return { isClean: true, why: `nothing is left, and ${is} has the template that serves` };
  if (own.spec.paused) return { isClean: true, why: `nothing is left, and ${is} is paused until its next template` };
  const { isDone, why } = rollOf(own);
  if (!isDone) return { isClean: false, why };
  await patchOwn(own, pausePatch(own), options);
  return { isClean: false, why: `${is} is paused until its next template` };
}
