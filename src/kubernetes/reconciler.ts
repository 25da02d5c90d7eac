/**
 * Keeps pipelines of the cluster and the engine in step: looks, takes the next step, says how it stands. Level-triggered and the
 * same on every replica: whoever is first does it, and the others find it done. It moves no weight; that is the engine's.
 */
import { type Clock, toTimestamp } from '../clock.ts';
import { workloadArtifact } from '../config/artifact.ts';
import type { PipelineBundle } from '../config/load.ts';
import type { KubernetesPlan } from '../config/plan.ts';
import type { Controller } from '../controller/face.ts';
import type { Log } from '../controller/world.ts';
import { asSpillwayError } from '../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import { asFailure, Refusal } from '../kube/refusal.ts';
import { isActive, type Release } from '../rollout/release.ts';
import type { Store } from '../store/store.ts';
import type { WorkloadRouter } from '../traffic/workload-router.ts';
import { type Bundle, type CarryOut, carryOut, dropFinalizer, type Outcome } from './carry-out.ts';
import { documentOf } from './documents.ts';
import { GATE_LABEL } from './gate-policy.ts';
import { keyedQueue } from './keyed-queue.ts';
import { PIPELINE } from './labels.ts';
import type { Located } from './locate.ts';
import { type Look, look, type Subject } from './look.ts';
import { type Gate, nextStep } from './next-step.ts';
import { obeyPerson } from './obey-person.ts';
import { releasePrompt } from './prompt-pipeline.ts';
import { releaseResources } from './release-resources.ts';
import type { PipelineStatus } from './resource-status.ts';
import { type PipelineResource, pathOfPipeline } from './resources.ts';
import { pipelineStatus, type Seen } from './status.ts';
import type { Watched } from './watched.ts';

export interface ReconcilerOptions {
  client: KubeClient;
  cluster: Watched;
  store: Store;
  controller: Controller;
  router: WorkloadRouter;
  clock: Clock;
  random: () => number;
  log: Log;
  gate: () => Gate;
  sweep: CarryOut['sweep'];
}

export interface Reconciler {
  /** Where an artifact is routed, as far as it was found. */
  located(artifact: string): Located | undefined;
  /** Nothing new begins; resolves when what runs has ended. */
  end(): Promise<void>;
}

/** Of pipelines at rest: what was not heard, a look finds. */
const RESYNC_MS = 60_000;
const SHOW_EVERY_MS = 1_000;
/** Verdicts change their words with every look; a status that says nothing else that is new waits. */
const SHOW_WORDS_EVERY_MS = 10_000;

type Known = { bundle: PipelineBundle; version: string } | { problems: string[]; version: string };

export function startReconciler(options: ReconcilerOptions): Reconciler {
  const { client, cluster, controller, router, clock, log } = options;
  const places = new Map<string, Located>();
  const documents = new Map<string, Known>();
  const shownAtMs = new Map<string, number>();
  const resources = releaseResources(client, namespace => cluster.releases.list(namespace));
  const queue = keyedQueue(reconcile, {
    clock,
    random: options.random,
    onError: (key, error) => {
      const { code, message } = error instanceof Refusal ? asFailure(error, 'a call failed') : asSpillwayError(error);
      log.warn({ pipeline: key, code }, `a pipeline could not be looked after and is tried again: ${message}`);
    },
  });

  cluster.pipelines.onChange(({ metadata: { namespace, name } }) => queue.add(`${namespace}/${name}`));
  cluster.deployments.onChange(({ metadata: { namespace, labels = {} } }) => {
    const name = labels[GATE_LABEL] ?? labels[PIPELINE];
    if (name !== undefined) queue.add(`${namespace}/${name}`);
  });
  cluster.services.onChange(({ metadata: { namespace } }) => {
    for (const [key, known] of documents) if (planIn(known)?.namespace === namespace) queue.add(key);
  });
  cluster.onRoute(({ metadata: { namespace, name } }) => {
    for (const [key, known] of documents)
      if (planIn(known)?.routes.some(route => route.namespace === namespace && route.name === name)) queue.add(key);
  });
  const unsubscribe = controller.onEvent(event => {
    if (event.type !== 'release') return;
    const key = keyOfArtifact(event.release.artifact);
    if (key === undefined) return;
    const isChange = !isActive(event.release) || (shownAtMs.get(key) ?? 0) + SHOW_EVERY_MS <= clock.monotonicMs();
    if (isChange) queue.add(key);
    else queue.addAfter(key, SHOW_EVERY_MS);
  });
  for (const { metadata } of cluster.pipelines.list()) queue.add(`${metadata.namespace}/${metadata.name}`);

  function keyOfArtifact(artifact: string): string | undefined {
    const dot = artifact.indexOf('.');
    if (dot > 0) return `${artifact.slice(0, dot)}/${artifact.slice(dot + 1)}`;
    return [...documents].find(([, known]) => 'bundle' in known && known.bundle.prompt?.name === artifact)?.[0];
  }

  async function reconcile(key: string): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    const resource = cluster.pipelines.get(namespace, name);
    if (!resource) {
      documents.delete(key);
      const artifact = workloadArtifact(namespace, name);
      places.delete(artifact);
      router.place(artifact, undefined);
      return;
    }
    const known = await knownDocument(key, resource);
    const bundle = 'bundle' in known ? known.bundle : await lastGood(key, resource);
    const problems = 'problems' in known ? known.problems : [];
    const outcome = bundle ? await reconcileBundle(resource, bundle, problems) : await showInvalid(resource, problems);
    queue.addAfter(key, outcome.againMs ?? RESYNC_MS);
  }

  function reconcileBundle(resource: PipelineResource, bundle: Bundle, problems: string[]): Promise<Outcome> {
    const { target } = bundle.plan;
    if ('kubernetes' in target) return reconcileWorkload({ resource, bundle, kubernetes: target.kubernetes, problems });
    return problems.length > 0 ? showInvalid(resource, problems) : reconcilePrompt(resource, bundle);
  }

  /** A document that went wrong must not strand what a release has made: the last good one says where that is. */
  async function lastGood(key: string, { metadata }: PipelineResource): Promise<Bundle | undefined> {
    const [namespace = ''] = key.split('/');
    const row = await options.store.getPipeline(workloadArtifact(namespace, metadata.name));
    return row && ({ document: row.document, ...(row.bundle as object) } as unknown as Bundle);
  }

  /** Read again when the resource changed; its ConfigMap is looked at with each resync. */
  async function knownDocument(key: string, resource: PipelineResource): Promise<Known> {
    const version = `${resource.metadata.generation} ${resource.metadata.uid}`;
    const before = documents.get(key);
    const hasFiles = resource.spec['files'] !== undefined;
    if (before?.version === version && !hasFiles) return before;
    const known = { ...(await documentOf(resource, client)), version };
    documents.set(key, known);
    return known;
  }

  async function reconcileWorkload(of: {
    resource: PipelineResource;
    bundle: Bundle;
    kubernetes: KubernetesPlan;
    problems: string[];
  }): Promise<Outcome> {
    const { resource } = of;
    const { namespace = 'default', name } = resource.metadata;
    const artifact = workloadArtifact(namespace, name);
    const subject = { ...of, artifact };
    const around = { cluster, store: options.store, gate: options.gate(), others: othersOf(resource) };
    const seen = await look(subject, around);
    if (seen.located) {
      places.set(artifact, seen.located);
      router.place(artifact, seen.located);
    }
    const asked = await obeyPerson(subject, seen, { ...options });
    if (asked) {
      await show(subject, seen, { why: asked.result, lastCommand: asked });
      return { why: asked.result, againMs: 0 };
    }
    const outcome = await carryOut(nextStep(seen.view), subject, seen, { ...options });
    await show(subject, seen, { why: outcome.why });
    return outcome;
  }

  async function reconcilePrompt(resource: PipelineResource, bundle: Bundle): Promise<Outcome> {
    const { outcome, release, baseline, applied, lastCommand } = await releasePrompt(resource, bundle, options);
    await write(resource, {
      generation: resource.metadata.generation ?? 0,
      release,
      baseline,
      applied,
      problems: [],
      why: outcome.why,
      gate: undefined,
      lastCommand: lastCommand ?? resource.status?.lastCommand,
    });
    if (release) await resources.show(release, resource);
    return outcome;
  }

  function othersOf({ metadata }: PipelineResource) {
    const ageOf = (one: PipelineResource['metadata']) => `${one.creationTimestamp ?? ''} ${one.uid ?? ''}`;
    return cluster.pipelines.list().flatMap(other => {
      const known = documents.get(`${other.metadata.namespace}/${other.metadata.name}`);
      const plan = known && planIn(known);
      if (!plan || other.metadata.uid === metadata.uid) return [];
      const name = `${other.metadata.namespace}/${other.metadata.name}`;
      return [{ name, plan, isOlder: ageOf(other.metadata) < ageOf(metadata) }];
    });
  }

  async function show(
    { resource, artifact }: Subject,
    seen: Look,
    { why, lastCommand }: { why: string; lastCommand?: PipelineStatus['lastCommand'] },
  ): Promise<void> {
    const release = await newestOf(artifact, seen.newest);
    await write(resource, {
      generation: resource.metadata.generation ?? 0,
      release,
      baseline: seen.view.baseline,
      applied: seen.view.workload?.version,
      problems: seen.view.problems,
      why,
      gate: seen.view.gate,
      trouble: cluster.trouble(),
      lastCommand: lastCommand ?? resource.status?.lastCommand,
    });
    if (release) await resources.show(release, resource);
  }

  /** With the newest verdict, and also when the step just begun it. */
  async function newestOf(artifact: string, before: Release | undefined): Promise<Release | undefined> {
    const { releases } = await controller.releases({ artifact, limit: 1 });
    return releases[0] ?? before;
  }

  async function showInvalid(resource: PipelineResource, problems: string[]): Promise<Outcome> {
    const why = problems[0] ?? '';
    if (resource.metadata.deletionTimestamp !== undefined) {
      await dropFinalizer(resource, client);
      return { why };
    }
    await write(resource, {
      generation: resource.metadata.generation ?? 0,
      release: undefined,
      baseline: null,
      applied: undefined,
      problems,
      why,
      gate: undefined,
      lastCommand: resource.status?.lastCommand,
    });
    return { why };
  }

  /** Unchanged, it makes no call. */
  async function write(resource: PipelineResource, seen: Seen): Promise<void> {
    const { namespace, name } = resource.metadata;
    const before = cluster.pipelines.get(namespace ?? 'default', name)?.status ?? resource.status;
    const status = pipelineStatus(seen, before, toTimestamp(clock.nowMs()));
    const key = `${namespace}/${name}`;
    const sinceMs = clock.monotonicMs() - (shownAtMs.get(key) ?? Number.NEGATIVE_INFINITY);
    if (isSame(status, before)) return;
    if (sinceMs < SHOW_WORDS_EVERY_MS && isSame(withoutWords(status), before && withoutWords(before))) return;
    shownAtMs.set(key, clock.monotonicMs());
    const cleared = Object.fromEntries(Object.keys(before ?? {}).map(key => [key, null]));
    try {
      await client.merge(`${pathOfPipeline(resource.metadata)}/status`, { status: { ...cleared, ...status } });
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 404)) throw error; // it went meanwhile
    }
  }

  return {
    located: artifact => places.get(artifact),
    async end() {
      unsubscribe();
      await queue.end();
    },
  };
}

function planIn(known: Known): KubernetesPlan | undefined {
  if (!('bundle' in known)) return undefined;
  const { target } = known.bundle.plan;
  return 'kubernetes' in target ? target.kubernetes : undefined;
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

function withoutWords({ verdict, conditions = [], ...rest }: PipelineStatus) {
  return {
    ...rest,
    verdict: verdict?.kind,
    conditions: conditions.map(({ type, status, reason, observedGeneration }) => [
      type,
      status,
      reason,
      observedGeneration,
    ]),
  };
}

/** The API server gives fields back in an order of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
