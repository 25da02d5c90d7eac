/**
 * What a new release is made of: the version and its content, the baseline it is held against, and the reasons not to
 * begin at all. Reads and registers; the insert itself, and its order, is begin.ts.
 */
import { toTimestamp } from '../clock.ts';
import { digestOf } from '../config/digest.ts';
import type { Json, Plan, PromptSpec, SuitePlan } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import type { Command } from '../rollout/command.ts';
import { decide } from '../rollout/decide.ts';
import { evolve } from '../rollout/evolve.ts';
import { newRelease, type Release } from '../rollout/release.ts';
import type { PipelineRow } from '../store/store.ts';
import { decisionEvent } from './audit-draft.ts';
import type { ReleaseRequest } from './face.ts';
import type { World } from './world.ts';

/** What a stored pipeline holds for the engine: made from the documents when they were put. */
export interface PipelineBundle {
  plan: Plan;
  /** Absent for a workload: what its versions are comes with each request. */
  prompt?: { name: string; spec: PromptSpec; version: string };
  suites: SuitePlan[];
}

export interface Prepared {
  release: Release;
  why: string;
  /** The version was held, and is tried again by force. */
  unholds: boolean;
}

/**
 * Reads who serves and who is held; call it when nothing else can change that. The store's route counts, not the live one:
 * it is written in the transaction that ends a release.
 * @param active the release that the new one would supersede
 * @throws SpillwayError NOT_FOUND, VERSION_SERVING, VERSION_HELD, COMMAND_REFUSED
 */
export async function prepareRelease(
  request: ReleaseRequest,
  active: Release | undefined,
  world: World,
): Promise<Prepared> {
  const pipeline = await pipelineOf(request.pipeline, world);
  const bundle = pipeline.bundle as unknown as PipelineBundle;
  const { artifact } = pipeline;
  const version = await registered(request, pipeline, bundle, world);
  const [route, live] = [await world.store.getRoute(artifact), await world.router.readRoute(artifact)];
  const stored = await world.store.getVersion(artifact, version);
  if (route?.baseline === version)
    throw new SpillwayError('VERSION_SERVING', `Version ${version} of ${artifact} serves already.`);
  if (active?.version === version)
    throw new SpillwayError('COMMAND_REFUSED', `Release ${active.id} brings this version of ${artifact} already.`);
  const heldBy = stored?.heldBy ?? null;
  if (heldBy !== null && !request.force)
    throw new SpillwayError(
      'VERSION_HELD',
      `Version ${version} of ${artifact} is held: release ${heldBy} rolled it back.`,
    );
  const release = newRelease({
    id: world.newId('rel'),
    artifact,
    version,
    baseline: route?.baseline ?? null,
    plan: bundle.plan,
    createdBy: request.actor,
    epoch: Math.max(route?.epoch ?? 0, live?.epoch ?? 0, active?.epoch ?? 0) + 1,
    nowIso: toTimestamp(world.clock.nowMs()),
  });
  const why = heldBy === null ? 'a new version arrived' : `tried again by force, over the hold of ${heldBy}`;
  return { release, why, unholds: heldBy !== null };
}

export async function pipelineOf(name: string, { store }: World): Promise<PipelineRow> {
  const pipeline = await store.getPipeline(name);
  if (pipeline) return pipeline;
  throw new SpillwayError('NOT_FOUND', `There is no pipeline ${name}.`, {
    hint: 'Put it first: PUT /api/v1/pipelines/{name}.',
  });
}

/** The version's digest, its content stored: from the request, or from the pipeline's own prompt. */
async function registered(
  request: ReleaseRequest,
  pipeline: PipelineRow,
  bundle: PipelineBundle,
  world: World,
): Promise<string> {
  const { artifact } = pipeline;
  if (request.version !== undefined && request.spec === undefined) {
    if (await world.store.getVersion(artifact, request.version)) return request.version;
    throw new SpillwayError('NOT_FOUND', `Version ${request.version} of ${artifact} is not registered.`);
  }
  const spec = request.spec ?? bundle.prompt?.spec;
  if (spec === undefined) throw new SpillwayError('NOT_SUPPORTED', `${artifact} is released by its cluster alone.`);
  const version = digestOf(spec as Json);
  await world.store.putVersion({
    artifact,
    version,
    spec: spec as unknown as Json,
    createdAt: world.clock.nowMs(),
    createdBy: request.actor,
    heldBy: null,
  });
  return version;
}

/** What ends when `next` takes its place, as the state to save and the event that says so. */
export function supersede(active: Release, next: Release, actor: string, nowIso: string) {
  const command: Command = { kind: 'supersede', by: next.id, actor };
  const decision = decide(active, { command });
  const ended = evolve(active, decision, { command }, nowIso);
  return { ended, event: decisionEvent(active, decision, ended, { command }) };
}
