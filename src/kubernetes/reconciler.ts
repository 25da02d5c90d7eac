/**
 * Keeps pipelines of the cluster and the engine in step: looks, takes the next step, says how it stands. Level-triggered and the
 * same on every replica: whoever is first does it, and the others find it done. It moves no weight; that is the engine's.
 */
import type { Clock } from '../clock.ts';
import { workloadArtifact } from '../config/artifact.ts';
import type { PipelineBundle } from '../config/load.ts';
import type { KubernetesPlan } from '../config/plan.ts';
import type { Controller } from '../controller/face.ts';
import type { Log } from '../controller/world.ts';
import { asSpillwayError } from '../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import { asFailure, Refusal } from '../kube/refusal.ts';
import { isActive } from '../rollout/release.ts';
import type { Store } from '../store/store.ts';
import type { WorkloadRouter } from '../traffic/workload-router.ts';
import { capabilities } from './capabilities.ts';
import { type Bundle, type CarryOut, carryOut, dropFinalizer, type Outcome } from './carry-out.ts';
import { documentOf, filesNamedIn } from './documents.ts';
import { GATE_LABEL } from './gate-policy.ts';
import { keyedQueue } from './keyed-queue.ts';
import { PIPELINE } from './labels.ts';
import type { Located } from './locate.ts';
import { type Look, look, type Subject } from './look.ts';
import { type Gate, nextStep } from './next-step.ts';
import { obeyPerson } from './obey-person.ts';
import { type PromptDocument, releasePrompt } from './prompt-pipeline.ts';
import type { PipelineResource } from './resources.ts';
import { type ShowingOptions, showing } from './showing.ts';
import type { Watched } from './watched.ts';
import { watchedFiles } from './watched-files.ts';

export interface ReconcilerOptions extends ShowingOptions {
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
  /**
   * Where an artifact is routed, as far as it was found.
   * @param baseline the sides are those under which this version serves; undefined when they were not looked at since it does
   */
  located(artifact: string, baseline?: string | null): Located | undefined;
  /** Nothing new begins; resolves when what runs has ended. */
  end(): Promise<void>;
}

/** Of pipelines at rest: what was not heard, a look finds. */
const RESYNC_MS = 60_000;
const SHOW_EVERY_MS = 1_000;
/** Somebody is mending what is wrong, perhaps with an object that is not watched. */
const WRONG_AGAIN_MS = 5_000;
/** A release that waits tells nobody so: what it waits for is looked up for the status. */
const WAITING_AGAIN_MS = 10_000;

type Known = ({ bundle: PipelineBundle; writer?: string } | { problems: string[] }) & {
  version: string;
  readAtMs: number;
};

export function startReconciler(options: ReconcilerOptions): Reconciler {
  const { client, cluster, controller, router, clock, log } = options;
  const places = new Map<string, { sides: Located; baseline: string | null }>();
  const documents = new Map<string, Known>();
  const staleFiles = new Set<string>();
  /** By artifact. Forgotten with the process: then a person's `retry` is asked for, where a mere new apply would have done. */
  const takenBack = new Map<string, string>();
  const shown = showing(options);
  const capable = capabilities(client, clock);
  const queue = keyedQueue(reconcile, {
    clock,
    random: options.random,
    onError: (key, error) => {
      const { code, message } = error instanceof Refusal ? asFailure(error, 'a call failed') : asSpillwayError(error);
      log.warn({ pipeline: key, code }, `a pipeline could not be looked after and is tried again: ${message}`);
    },
  });

  const files = watchedFiles(client, { clock, random: options.random }, key => {
    staleFiles.add(key);
    queue.add(key);
  });

  cluster.pipelines.onChange(({ metadata: { namespace, name } }) => queue.add(`${namespace}/${name}`));
  /** Also where an object does not say whose it is, as one that has lost its label. */
  const addWhere = (isMeant: (plan: KubernetesPlan) => boolean) => {
    for (const [key, known] of documents) {
      const plan = planIn(known);
      if (plan && isMeant(plan)) queue.add(key);
    }
  };
  cluster.deployments.onChange(({ metadata: { namespace, name: own, labels = {} } }) => {
    const name = labels[GATE_LABEL] ?? labels[PIPELINE];
    if (name !== undefined) queue.add(`${namespace}/${name}`);
    addWhere(
      ({ namespace: of, workload }) => of === namespace && 'managed' in workload && workload.managed.deployment === own,
    );
  });
  cluster.services.onChange(({ metadata: { namespace } }) => addWhere(plan => plan.namespace === namespace));
  cluster.onRoute(({ metadata: { namespace, name } }) =>
    addWhere(({ routes }) => routes.some(route => route.namespace === namespace && route.name === name)),
  );
  const unsubscribe = controller.onEvent(event => {
    if (event.type !== 'release') return;
    const key = keyOfArtifact(event.release.artifact);
    if (key === undefined) return;
    const isChange = !isActive(event.release) || shown.writtenAtMs(key) + SHOW_EVERY_MS <= clock.monotonicMs();
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
      forget(key, workloadArtifact(namespace, name));
      return;
    }
    const known = await knownDocument(key, resource);
    const bundle = 'bundle' in known ? known.bundle : await lastGood(resource);
    const problems = 'problems' in known ? known.problems : [];
    const { writer } = { writer: undefined, ...known };
    const outcome = bundle
      ? await reconcileBundle(resource, { bundle, problems, writer })
      : await showInvalid(resource, problems);
    queue.addAfter(key, outcome.againMs ?? (problems.length > 0 ? WRONG_AGAIN_MS : RESYNC_MS));
  }

  function reconcileBundle(resource: PipelineResource, known: PromptDocument): Promise<Outcome> {
    const { bundle, problems } = known;
    const { target } = bundle.plan;
    if ('kubernetes' in target) return reconcileWorkload({ resource, bundle, kubernetes: target.kubernetes, problems });
    return reconcilePrompt(resource, known);
  }

  /** A document that went wrong must not strand what a release has made: the last good one says where that is. */
  async function lastGood({
    metadata: { namespace = 'default', name },
  }: PipelineResource): Promise<Bundle | undefined> {
    const { store } = options;
    const row = (await store.getPipeline(workloadArtifact(namespace, name))) ?? (await store.getPipeline(name));
    return row && ({ document: row.document, ...(row.bundle as object) } as unknown as Bundle);
  }

  function forget(key: string, artifact: string): void {
    documents.delete(key);
    files.name(key, undefined);
    capable.forget(artifact);
    takenBack.delete(artifact);
    staleFiles.delete(key);
    places.delete(artifact);
    router.place(artifact, undefined);
    // What it had claimed is free for another one.
    addWhere(() => true);
  }

  /** Read again when the resource or its ConfigMap changed; where that cannot be watched, with each resync. */
  async function knownDocument(key: string, resource: PipelineResource): Promise<Known> {
    const version = `${resource.metadata.generation} ${resource.metadata.uid}`;
    const before = documents.get(key);
    files.name(key, filesNamedIn(resource));
    const readAtMs = clock.monotonicMs();
    const isFresh = before?.version === version && !staleFiles.has(key);
    if (isFresh && (!filesNamedIn(resource) || readAtMs - before.readAtMs < RESYNC_MS)) return before;
    staleFiles.delete(key);
    const known = { ...(await documentOf(resource, client)), version, readAtMs };
    documents.set(key, known);
    return known;
  }

  async function reconcileWorkload(of: {
    resource: PipelineResource;
    bundle: Bundle;
    kubernetes: KubernetesPlan;
    problems: readonly string[];
  }): Promise<Outcome> {
    const { resource } = of;
    const { namespace = 'default', name } = resource.metadata;
    const artifact = workloadArtifact(namespace, name);
    const subject = { ...of, artifact };
    const around = {
      cluster,
      store: options.store,
      gate: options.gate(),
      others: othersOf(resource),
      incapable: capable.known(artifact),
      takenBack: takenBack.get(artifact),
    };
    let seen = await look(subject, around);
    if (seen.located && seen.sides) {
      places.set(artifact, { sides: seen.sides, baseline: seen.view.baseline });
      router.place(artifact, seen.located);
    }
    const { workload, baseline, last } = seen.view;
    if (last && workload?.version === baseline) takenBack.set(artifact, last.id);
    const incapable = await newlyIncapable(subject, seen);
    if (incapable) seen = await look(subject, { ...around, incapable });
    const asked = await obeyPerson(subject, seen, { ...options });
    if (asked) {
      await shown.workload(subject, seen, { why: asked.result, lastCommand: asked });
      return { why: asked.result, againMs: 0 };
    }
    const outcome = await carryOut(nextStep(seen.view), subject, seen, { ...options }).catch(async error => {
      const trouble = troubleOf(error);
      if (trouble !== undefined) await shown.workload(subject, seen, { why: trouble, trouble });
      throw error;
    });
    await shown.workload(subject, seen, { why: outcome.why });
    const { problems, active } = seen.view;
    if (outcome.againMs !== undefined || (problems.length === 0 && !active)) return outcome;
    return { ...outcome, againMs: problems.length > 0 ? WRONG_AGAIN_MS : WAITING_AGAIN_MS };
  }

  /** What the cluster cannot do of it; undefined when nothing new was found out. A release under way is not asked about. */
  async function newlyIncapable({ artifact, resource }: Subject, seen: Look): Promise<string[] | undefined> {
    const { active, isDeleting } = seen.view;
    if (!seen.sides || active || isDeleting) return undefined;
    const before = capable.known(artifact).join();
    const version = [
      `${resource.metadata.uid} ${resource.metadata.generation}`,
      ...seen.kubernetes.routes.map(route => cluster.route(route)?.metadata.generation),
    ].join();
    const isAttaching = 'managed' in seen.kubernetes.workload;
    const problems = await capable.problems(artifact, { place: seen.sides, isAttaching, version });
    return problems.join() === before ? undefined : problems;
  }

  async function reconcilePrompt(resource: PipelineResource, known: PromptDocument): Promise<Outcome> {
    const seen = await releasePrompt(resource, known, options);
    await shown.prompt(resource, seen, known.problems);
    return seen.outcome;
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

  async function showInvalid(resource: PipelineResource, problems: string[]): Promise<Outcome> {
    const why = problems[0] ?? '';
    if (resource.metadata.deletionTimestamp !== undefined) {
      await dropFinalizer(resource, client);
      return { why };
    }
    await shown.invalid(resource, problems);
    return { why };
  }

  return {
    located(artifact, baseline) {
      const place = places.get(artifact);
      return baseline === undefined || place?.baseline === baseline ? place?.sides : undefined;
    },
    async end() {
      unsubscribe();
      await Promise.all([queue.end(), files.end()]);
    },
  };
}

function planIn(known: Known): KubernetesPlan | undefined {
  return 'bundle' in known ? planOf(known.bundle) : undefined;
}

function planOf({ plan: { target } }: PipelineBundle): KubernetesPlan | undefined {
  return 'kubernetes' in target ? target.kubernetes : undefined;
}

/** What a person may have to see to; a write that lost against another one is made anew, and is none. */
function troubleOf(error: unknown): string | undefined {
  if (error instanceof Refusal && [404, 409, 422].includes(error.status)) return undefined;
  const { code, message } = error instanceof Refusal ? asFailure(error, 'a call failed') : asSpillwayError(error);
  return code === 'STATE_MOVED' || code === 'EPOCH_STALE' ? undefined : message;
}
