/**
 * Carries one step about a pipeline out. Each may be repeated, and each is guarded against what others do meanwhile: a state
 * that moved is looked at anew, never overwritten. Which step it is was decided in next-step.ts.
 */
import { type Clock, toTimestamp } from '../clock.ts';
import { digestOf } from '../config/digest.ts';
import type { PipelineBundle } from '../config/load.ts';
import type { Json } from '../config/plan.ts';
import { ENGINE, plain } from '../controller/audit-draft.ts';
import type { Controller } from '../controller/face.ts';
import { asSpillwayError } from '../errors.ts';
import type { KubeClient, Operation } from '../kube/client.ts';
import { Refusal } from '../kube/refusal.ts';
import { isActive } from '../rollout/release.ts';
import type { AuditDraft, Store } from '../store/store.ts';
import type { Route, TrafficRouter } from '../traffic/router.ts';
import { BREAK_GLASS, HELD } from './gate-policy.ts';
import { pointerTo } from './labels.ts';
import type { Look, Subject } from './look.ts';
import { type Step, short } from './next-step.ts';
import { type Deployment, pathOf } from './objects.ts';
import { pausePatch, resumePatch } from './own-deployment.ts';
import { FINALIZER, type PipelineResource, pathOfPipeline } from './resources.ts';
import { servingTemplate } from './serving.ts';
import { templateOf, versionOf } from './template.ts';
import { writerOf } from './writer.ts';

/** What the engine keeps of a document. */
export type Bundle = Pick<PipelineBundle, 'document' | 'plan' | 'suites' | 'prompt'>;

export interface CarryOut {
  client: KubeClient;
  store: Store;
  controller: Pick<Controller, 'createRelease' | 'command'>;
  router: TrafficRouter;
  clock: Clock;
  /** Takes away what a release has left. */
  sweep(subject: Subject, look: Look): Promise<{ isClean: boolean; why: string }>;
}

export interface Outcome {
  /** For the status. */
  why: string;
  /** Look again after this long, whatever is heard meanwhile. */
  againMs?: number;
}

export interface Begun extends Outcome {
  /** False when the engine would not: `why` says it. */
  hasBegun: boolean;
}

const SOON_MS = 500;
const MOVED: Outcome = { why: 'the workload was changed meanwhile', againMs: SOON_MS };

export async function carryOut(
  step: Step,
  subject: Subject & { bundle: Bundle },
  look: Look,
  o: CarryOut,
): Promise<Outcome> {
  const { artifact, resource } = subject;
  const { deployment, newest, view } = look;
  switch (step.do) {
    case 'nothing':
      await (isBusy(look) ? keepFinalizer : dropFinalizer)(resource, o.client);
      return { why: step.why };
    case 'adopt':
      if (view.baseline !== null && !(await isStill(deployment, o.client))) return MOVED;
      return adopt(subject, look, o, step.why);
    case 'release': {
      // Afresh: what is known may still show the one that was just taken away.
      await keepFinalizer(await o.client.get<PipelineResource>(pathOfPipeline(resource.metadata)), o.client);
      await putPipeline(subject, o);
      return begin(subject, look, o);
    }
    case 'end': {
      if (!newest || !isActive(newest)) return { why: step.why, againMs: SOON_MS };
      if (!view.isDeleting && !(await isStill(deployment, o.client))) return MOVED;
      await o.controller.command(newest.id, { kind: step.command, reason: step.why, actor: ENGINE });
      return { why: step.why, againMs: SOON_MS };
    }
    case 'holdBack':
      await o.store.holdVersion(artifact, view.workload!.version, step.by);
      return { why: step.why, againMs: 0 };
    case 'forgive':
      await o.store.holdVersion(artifact, step.version, null);
      return { why: step.why, againMs: 0 };
    case 'sweep': {
      const { isClean, why } = await o.sweep(subject, look);
      if (isClean && view.isDeleting) return leave(subject, look, o);
      return isClean ? { why } : { why, againMs: SOON_MS };
    }
    case 'pause':
      await keepFinalizer(resource, o.client);
      await pause(deployment!, o.client);
      return { why: step.why };
    case 'letDelete':
      await dropFinalizer(resource, o.client);
      return { why: step.why };
  }
}

/** What a watch says may be old, on one replica more than on another: nothing is ended or adopted on its word alone. */
async function isStill(seen: Deployment | undefined, client: KubeClient): Promise<boolean> {
  if (!seen) return true;
  try {
    const now = await client.get<Deployment>(pathOfDeployment(seen));
    return versionOf(now) === versionOf(seen) && now.spec.paused === seen.spec.paused;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return false;
    throw error;
  }
}

/**
 * Nobody looks after the Deployment any more. One whose template may not be put back stays paused, but without the mark of the
 * gate, so that `kubectl rollout resume` is allowed again. One that was kept paused between releases rolls freely from here on.
 */
async function leave({ resource }: Subject, { deployment, view }: Look, { client }: CarryOut): Promise<Outcome> {
  const isKeptPaused = view.gate === 'paused' && view.workload?.version === view.baseline;
  if (deployment && isKeptPaused && deployment.spec.paused)
    await client.patch(pathOfDeployment(deployment), resumePatch(deployment));
  else if (deployment) await forget(deployment, [HELD], client);
  await dropFinalizer(resource, client);
  return { why: 'the pipeline is being deleted' };
}

/** What is applied is what the engine releases next; a release under way keeps the plan it began with. */
async function putPipeline(
  { artifact, bundle }: Subject & { bundle: Bundle },
  { store, clock }: CarryOut,
): Promise<void> {
  const { document, plan, suites } = bundle;
  const digest = digestOf({ document } as unknown as Json);
  if ((await store.getPipeline(artifact))?.digest === digest) return;
  await store.putPipeline({
    name: artifact,
    artifact,
    document: plain(document),
    bundle: plain({ plan, suites }),
    digest,
    updatedAt: clock.nowMs(),
  });
}

/** Others may be faster: another replica, or a person. Then the next look finds what they made. */
async function begin(
  { artifact, resource }: Subject,
  { deployment, external }: Look,
  { controller }: CarryOut,
  force = false,
): Promise<Begun> {
  const spec = (deployment ? templateOf(deployment) : external) as { [key: string]: Json } | undefined;
  if (!spec) return { why: 'the workload is not there', hasBegun: false };
  try {
    const release = await controller.createRelease({
      pipeline: artifact,
      spec,
      actor: writerOf(deployment ?? resource),
      force,
    });
    return { why: `release ${release.id} began`, hasBegun: true };
  } catch (error) {
    const { code, message } = asSpillwayError(error);
    if (code === 'STATE_MOVED' || code === 'VERSION_SERVING' || code === 'COMMAND_REFUSED' || code === 'VERSION_HELD')
      return { why: message, againMs: SOON_MS, hasBegun: false };
    throw error;
  }
}

/** A person's `retry`: the version is tried again although it was rolled back. */
export async function retry(subject: Subject & { bundle: Bundle }, look: Look, o: CarryOut): Promise<Begun> {
  const { view } = look;
  const no = view.problems[0] ?? (view.isDeleting ? 'the pipeline is being deleted' : undefined);
  if (no !== undefined) return { why: no, hasBegun: false };
  await keepFinalizer(subject.resource, o.client);
  await putPipeline(subject, o);
  return begin(subject, look, o, true);
}

/** The version that serves becomes the baseline, without a release: it was there before, or went by the gate. */
async function adopt(subject: Subject & { bundle: Bundle }, look: Look, o: CarryOut, why: string): Promise<Outcome> {
  const { artifact, resource } = subject;
  const { store, clock, router } = o;
  const { deployment, route, view } = look;
  const serving = await servingVersion(look, o.client);
  if (!serving) return { why: 'no ReplicaSet tells which template serves', againMs: 5_000 };
  await putPipeline(subject, o);
  const { version, template } = serving;
  const createdBy = writerOf(deployment ?? resource);
  await store.putVersion({ artifact, version, spec: template, createdAt: clock.nowMs(), createdBy, heldBy: null });
  const { breakGlass } = view.workload!;
  const next: Route = {
    artifact,
    releaseId: null,
    salt: '',
    epoch: (route?.epoch ?? 0) + 1,
    weight: 0,
    baseline: version,
    candidate: null,
    rolledBack: route?.rolledBack ?? null,
  };
  const event: AuditDraft = {
    at: toTimestamp(clock.nowMs()),
    actor: createdBy,
    artifact,
    releaseId: null,
    kind: breakGlass === undefined ? 'adopt' : 'breakGlass',
    why,
    evidence: plain({ version, before: route?.baseline ?? null, ...(breakGlass === undefined ? {} : { breakGlass }) }),
    weightBefore: 0,
    weightAfter: 0,
  };
  // Another replica may have been faster: then it is on record already.
  const outcome = await store.adoptRoute({ ...next, updatedAt: clock.nowMs() }, [event]);
  if (outcome === 'written') await router.writeRoute(next);
  if (deployment && breakGlass !== undefined) await forget(deployment, [BREAK_GLASS, HELD], o.client);
  return { why: `version ${short(version)} serves everyone`, againMs: 0 };
}

async function servingVersion({ deployment, external, view }: Look, client: KubeClient) {
  if (deployment) return servingTemplate(deployment, client);
  return external && { version: view.workload!.version, template: external as unknown as Json };
}

/** Takes annotations away, if they are there and still say the same. */
async function forget(deployment: Deployment, keys: readonly string[], client: KubeClient): Promise<void> {
  const { annotations = {} } = deployment.metadata;
  const operations = keys.flatMap((key): Operation[] => {
    const path = `/metadata/annotations/${pointerTo(key)}`;
    if (annotations[key] === undefined) return [];
    return [
      { op: 'test', path, value: annotations[key] },
      { op: 'remove', path },
    ];
  });
  if (operations.length > 0) await client.patch(pathOfDeployment(deployment), operations);
}

async function pause(deployment: Deployment, client: KubeClient): Promise<void> {
  await client.patch(pathOfDeployment(deployment), pausePatch(deployment));
}

const pathOfDeployment = ({ metadata: { namespace = 'default', name } }: Deployment) =>
  pathOf('Deployment', namespace, name);

/** Whether there is something that only this pipeline brings back: traffic, a candidate, a Deployment that is held or kept paused. */
function isBusy({ view: { active, hasLeftovers, workload, gate }, deployment }: Look): boolean {
  const isKeptPaused = gate === 'paused' && deployment?.spec.paused === true;
  return active !== undefined || hasLeftovers || workload?.isHeld === true || isKeptPaused;
}

/** There only while there is something to bring back, so that a cluster without Spillway can still delete its namespaces. */
export async function keepFinalizer({ metadata }: PipelineResource, client: KubeClient): Promise<void> {
  const { finalizers = [], resourceVersion } = metadata;
  if (finalizers.includes(FINALIZER)) return;
  const path = pathOfPipeline(metadata);
  try {
    await client.merge(path, { metadata: { finalizers: [...finalizers, FINALIZER], resourceVersion } });
  } catch (error) {
    if (!(error instanceof Refusal && error.status === 409)) throw error;
    // As after a command, whose annotation was just taken off.
    const now = await client.get<PipelineResource>(path);
    if (now.metadata.resourceVersion === resourceVersion) throw error;
    await keepFinalizer(now, client);
  }
}

export async function dropFinalizer({ metadata }: PipelineResource, client: KubeClient): Promise<void> {
  const { finalizers = [] } = metadata;
  if (!finalizers.includes(FINALIZER)) return;
  await client.merge(pathOfPipeline(metadata), {
    metadata: { finalizers: finalizers.filter(one => one !== FINALIZER), resourceVersion: metadata.resourceVersion },
  });
}
