/**
 * A pipeline of a prompt that is kept in the cluster: the prompt and its suites come out of a ConfigMap, and a changed prompt is
 * a release, as `spillway release` would begin it. Nothing of it runs in the cluster, so nothing has to be held or swept.
 */
import type { Clock } from '../clock.ts';
import { workloadArtifact } from '../config/artifact.ts';
import { digestOf } from '../config/digest.ts';
import { promptOf } from '../config/load.ts';
import type { Json } from '../config/plan.ts';
import { ENGINE, plain } from '../controller/audit-draft.ts';
import type { Controller } from '../controller/face.ts';
import { asSpillwayError } from '../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import { isActive, type Release } from '../rollout/release.ts';
import type { Store } from '../store/store.ts';
import { type Begun, type Bundle, dropFinalizer, keepFinalizer, type Outcome } from './carry-out.ts';
import { obey } from './obey-person.ts';
import type { PipelineStatus } from './resource-status.ts';
import type { PipelineResource } from './resources.ts';
import { writerOf } from './writer.ts';

interface PromptOptions {
  client: KubeClient;
  store: Store;
  controller: Controller;
  clock: Clock;
}

export interface PromptLook {
  outcome: Outcome;
  release: Release | undefined;
  baseline: string | null;
  applied: string;
  lastCommand?: PipelineStatus['lastCommand'];
}

const SOON_MS = 500;
const WRONG_AGAIN_MS = 5_000;

export interface PromptDocument {
  /** As it is, or was when it was last right. */
  bundle: Bundle;
  problems: readonly string[];
  /** What an older pipeline releases already: then its releases are none of this one's. */
  claimed: readonly string[];
  /** Of its files. */
  writer?: string | undefined;
}

export async function releasePrompt(
  resource: PipelineResource,
  { bundle, problems, claimed, writer }: PromptDocument,
  o: PromptOptions,
): Promise<PromptLook> {
  const { name: artifact, version } = promptOf(bundle);
  const newest = async () =>
    claimed.length > 0 ? undefined : (await o.controller.releases({ artifact, limit: 1 })).releases[0];
  const before = await newest();
  const begin = async (force: boolean): Promise<Begun> => {
    const problem = problems[0] ?? claimed[0];
    if (problem !== undefined) return { why: problem, againMs: WRONG_AGAIN_MS, hasBegun: false };
    await keepFinalizer(resource, o.client);
    return beginRelease(bundle, resource, o, { force, actor: writer ?? writerOf(resource) });
  };
  const lastCommand = await obey(resource, before, o, () => begin(true));
  const outcome = lastCommand
    ? { why: lastCommand.result, againMs: 0 }
    : await nextForPrompt(resource, { before, artifact, version }, o, () => begin(false));
  const baseline = (await o.store.getRoute(artifact))?.baseline ?? null;
  return { outcome, release: await newest(), baseline, applied: version, ...(lastCommand ? { lastCommand } : {}) };
}

async function nextForPrompt(
  resource: PipelineResource,
  { before, artifact, version }: { before: Release | undefined; artifact: string; version: string },
  { client, store, controller }: PromptOptions,
  begin: () => Promise<Outcome>,
): Promise<Outcome> {
  const active = before && isActive(before) ? before : undefined;
  if (resource.metadata.deletionTimestamp !== undefined) {
    if (active)
      await controller.command(active.id, { kind: 'cancel', reason: 'the pipeline is deleted', actor: ENGINE });
    await dropFinalizer(resource, client);
    return { why: 'the pipeline is being deleted' };
  }
  const [route, row] = [await store.getRoute(artifact), await store.getVersion(artifact, version)];
  if (active?.version === version) return { why: 'it is being released' };
  // There only while there is something to bring back.
  if (!active) await dropFinalizer(resource, client);
  if (route?.baseline === version) return { why: 'it serves' };
  if (row?.heldBy) return { why: `version ${version.slice(7, 19)} was rolled back by ${row.heldBy}` };
  // One that failed its tests, or was cancelled, is not tried again by itself.
  if (before && before.version === version) return { why: `release ${before.id} of it was ${before.phase}` };
  return begin();
}

async function beginRelease(
  bundle: Bundle,
  { metadata: { namespace = 'default', name } }: PipelineResource,
  { store, controller, clock }: PromptOptions,
  { force, actor }: { force: boolean; actor: string },
): Promise<Begun> {
  const { document, plan, suites } = bundle;
  const prompt = promptOf(bundle);
  // By its namespace too: pipelines of one name in two namespaces are two. The release finds its suites by it.
  const pipeline = workloadArtifact(namespace, name);
  await store.putPipeline({
    name: pipeline,
    artifact: prompt.name,
    document: plain(document),
    bundle: plain({ plan: { ...plan, name: pipeline }, prompt, suites }),
    digest: digestOf(plain({ document, prompt, suites }) as Json),
    updatedAt: clock.nowMs(),
  });
  try {
    const release = await controller.createRelease({ pipeline, spec: prompt.spec, actor, force });
    return { why: `release ${release.id} began`, hasBegun: true };
  } catch (error) {
    const { code, message } = asSpillwayError(error);
    if (['STATE_MOVED', 'VERSION_SERVING', 'COMMAND_REFUSED', 'VERSION_HELD'].includes(code))
      return { why: message, againMs: SOON_MS, hasBegun: false };
    throw error;
  }
}
