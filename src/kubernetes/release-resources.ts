/**
 * One Release resource for each attempt, for `kubectl get releases` and for those who watch. Written from the store and never
 * read back; owned by its Pipeline, so that it goes with it; only the newest are kept, the audit trail keeps the rest.
 */
import type { Clock } from '../clock.ts';
import type { KubeClient, OwnerReference } from '../kube/client.ts';
import { Refusal } from '../kube/refusal.ts';
import { isActive, type Release } from '../rollout/release.ts';
import type { ReleaseStatus } from './resource-status.ts';
import { API, type PipelineResource, type ReleaseResource, releasesPath, SPILLWAY } from './resources.ts';
import { releaseStatus } from './status.ts';

/** A verdict changes its words with every look: a status that says nothing else that is new waits. */
const WORDS_EVERY_MS = 10_000;
/** Of one pipeline, with the active one. */
export const KEPT = 10;

export interface ReleaseResources {
  /** Makes the cluster say what the release says; unchanged, it makes no call. */
  show(release: Release, pipeline: PipelineResource): Promise<void>;
  /** Ids of those of the pipeline that do not say yet how they ended. */
  open(pipeline: PipelineResource): string[];
}

/** @param known what is there already, of one namespace */
export function releaseResources(
  client: Pick<KubeClient, 'create' | 'merge' | 'remove'>,
  known: (namespace: string) => readonly ReleaseResource[],
  clock: Pick<Clock, 'monotonicMs'>,
): ReleaseResources {
  /** What was written last, by name: what an informer says may be older. */
  const written = new Map<string, { text: string; facts: string; atMs: number }>();

  async function show(release: Release, pipeline: PipelineResource): Promise<void> {
    const { namespace = 'default' } = pipeline.metadata;
    const name = nameOf(release, pipeline);
    const status = releaseStatus(release);
    const text = JSON.stringify(status);
    const there = known(namespace).find(({ metadata }) => metadata.name === name);
    const last = written.get(name);
    if (last?.text === text || (there && JSON.stringify(there.status) === text)) return;
    const [facts, atMs] = [factsOf(status), clock.monotonicMs()];
    if (last?.facts === facts && atMs - last.atMs < WORDS_EVERY_MS) return;
    const path = `${releasesPath(namespace)}/${name}`;
    try {
      if (!there && !written.has(name)) await made(client, resourceOf(release, pipeline, name));
      await client.merge(`${path}/status`, { status: { ...cleared(there), ...status } });
    } catch (error) {
      // Somebody removed it, or an older cluster knows no releases: nothing hangs on the record.
      if (!(error instanceof Refusal && error.status === 404)) throw error;
      written.delete(name);
      return;
    }
    if (isActive(release)) written.set(name, { text, facts, atMs });
    else {
      written.delete(name);
      await forgetOld(pipeline, namespace);
    }
  }

  async function forgetOld({ metadata }: PipelineResource, namespace: string): Promise<void> {
    const own = known(namespace).filter(({ spec }) => spec.pipeline === metadata.name);
    const ended = own.filter(({ status }) => status?.endedAt !== undefined).sort(byAge);
    for (const { metadata } of ended.slice(0, Math.max(0, own.length - KEPT)))
      await client.remove(`${releasesPath(namespace)}/${metadata.name}`);
  }

  return {
    show,
    open: ({ metadata: { namespace = 'default', name } }) =>
      known(namespace)
        .filter(({ spec, status }) => spec.pipeline === name && status?.endedAt === undefined)
        .flatMap(({ metadata }) => metadata.labels?.[`${SPILLWAY}/release`] ?? []),
  };
}

/** Without the numbers and words of the newest verdict. */
function factsOf({ verdict, ...status }: ReleaseStatus): string {
  return JSON.stringify({ ...status, verdict: verdict?.kind });
}

/** A merge leaves what it does not name: the fields of an earlier status go by name. */
function cleared(there: ReleaseResource | undefined): Record<string, null> {
  return Object.fromEntries(Object.keys(there?.status ?? {}).map(key => [key, null]));
}

async function made(client: Pick<KubeClient, 'create'>, resource: ReleaseResource): Promise<void> {
  try {
    await client.create(releasesPath(resource.metadata.namespace ?? 'default'), resource);
  } catch (error) {
    if (!(error instanceof Refusal && error.status === 409)) throw error; // another replica was faster
  }
}

function resourceOf(release: Release, pipeline: PipelineResource, name: string): ReleaseResource {
  const { metadata } = pipeline;
  const owner: OwnerReference = {
    apiVersion: `${SPILLWAY}/v1alpha1`,
    kind: 'Pipeline',
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
  };
  return {
    apiVersion: API.slice('/apis/'.length),
    kind: 'Release',
    metadata: {
      name,
      namespace: metadata.namespace ?? 'default',
      labels: { [`${SPILLWAY}/release`]: release.id },
      ownerReferences: [owner],
    },
    spec: {
      pipeline: metadata.name,
      version: release.version,
      ...(release.baseline === null ? {} : { baseline: release.baseline }),
    },
  };
}

/** Ids sort by time, and so do these names. */
function nameOf({ id }: Release, { metadata }: PipelineResource): string {
  return `${metadata.name}-${id.replace(/^rel_/, '')}`;
}

const byAge = (a: ReleaseResource, b: ReleaseResource) => a.metadata.name.localeCompare(b.metadata.name);
