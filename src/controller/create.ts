/**
 * Begins a release: finds the version and the baseline, refuses what must not start, and puts the new release in the place
 * of an active one of the same artifact. A newer version supersedes: its predecessor is at weight 0 before it starts.
 */
import { toTimestamp } from '../clock.ts';
import { digestOf } from '../config/digest.ts';
import type { Json, Plan, PromptSpec, SuitePlan } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import type { Command } from '../rollout/command.ts';
import { decide } from '../rollout/decide.ts';
import { evolve } from '../rollout/evolve.ts';
import { newRelease, type Release } from '../rollout/release.ts';
import type { PipelineRow, StoredRelease } from '../store/store.ts';
import { createdEvent, decisionEvent } from './audit-draft.ts';
import type { ReleaseRequest } from './face.ts';
import { toStored } from './run.ts';
import type { World } from './world.ts';

/** What a stored pipeline holds for the engine: made from the documents when they were put. */
export interface PipelineBundle {
  plan: Plan;
  prompt: { name: string; spec: PromptSpec; version: string };
  suites: SuitePlan[];
}

export async function prepareRelease(
  request: ReleaseRequest,
  world: World,
): Promise<{ release: Release; why: string; unholds: boolean }> {
  const pipeline = await world.store.getPipeline(request.pipeline);
  if (!pipeline)
    throw new SpillwayError('NOT_FOUND', `There is no pipeline ${request.pipeline}.`, {
      hint: 'Put it first: PUT /api/v1/pipelines/{name}.',
    });
  const bundle = pipeline.bundle as unknown as PipelineBundle;
  const { artifact } = pipeline;
  const version = await registered(request, pipeline, bundle, world);
  const [route, stored] = [await world.router.readRoute(artifact), await world.store.getVersion(artifact, version)];
  if (route?.baseline === version)
    throw new SpillwayError('VERSION_SERVING', `Version ${version} of ${artifact} serves already.`);
  if (stored?.heldBy && !request.force)
    throw new SpillwayError(
      'VERSION_HELD',
      `Version ${version} of ${artifact} is held: release ${stored.heldBy} rolled it back.`,
    );
  const active = await world.store.activeRelease(artifact);
  const epochs = [route?.epoch ?? 0, ((active?.state as unknown as Release | undefined)?.epoch ?? 0) + 1];
  const release = newRelease({
    id: world.newId('rel'),
    artifact,
    version,
    baseline: route?.baseline ?? null,
    plan: bundle.plan,
    createdBy: request.actor,
    epoch: Math.max(...epochs) + 1,
    nowIso: toTimestamp(world.clock.nowMs()),
  });
  const unholds = stored?.heldBy !== null && stored?.heldBy !== undefined;
  return {
    release,
    unholds,
    why: unholds ? `tried again by force, over the hold of ${stored.heldBy}` : 'a new version arrived',
  };
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
  const spec = request.spec ?? bundle.prompt.spec;
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
  return { ended, event: decisionEvent(active, decision, ended, command) };
}

export function storedForm(release: Release, world: World, leaseMs: number): StoredRelease {
  return toStored(release, 1, world, leaseMs);
}

export { createdEvent };
