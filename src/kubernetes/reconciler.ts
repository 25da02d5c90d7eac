/**
 * Keeps pipelines of the cluster and the engine in step: looks, takes the next step, says how it stands. Level-triggered and the
 * same on every replica: whoever is first does it, and the others find it done. It moves no weight; that is the engine's.
 */
import { isWorkload, workloadArtifact } from '../config/artifact.ts';
import { promptOf } from '../config/load.ts';
import type { KubernetesPlan } from '../config/plan.ts';
import type { Controller } from '../controller/face.ts';
import { asSpillwayError } from '../errors.ts';
import { asFailure, Refusal } from '../kube/refusal.ts';
import { isActive } from '../rollout/release.ts';
import { dropFinalizer, type Outcome } from './carry-out.ts';
import { claimedByOthers } from './claims.ts';
import { GATE_LABEL } from './gate-policy.ts';
import { type KeyedQueue, keyedQueue } from './keyed-queue.ts';
import { claimOfPrompt, type KnownDocuments, knownDocuments } from './known-documents.ts';
import { PIPELINE } from './labels.ts';
import { askedOf } from './person.ts';
import { type PromptDocument, releasePrompt } from './prompt-pipeline.ts';
import { SERVICE_NAME } from './ready.ts';
import type { PipelineResource } from './resources.ts';
import { type Showing, type ShowingOptions, showing } from './showing.ts';
import type { Watched } from './watched.ts';
import { type WorkloadPipelineOptions, type WorkloadPipelines, workloadPipelines } from './workload-pipelines.ts';

export interface ReconcilerOptions extends ShowingOptions, Omit<WorkloadPipelineOptions, 'documents' | 'shown'> {
  cluster: Watched;
  controller: Controller;
  random: () => number;
}

export interface Reconciler {
  /** Where an artifact is routed, as far as it was found. */
  located: WorkloadPipelines['located'];
  /** Nothing new begins; resolves when what runs has ended. */
  end(): Promise<void>;
}

/** Of pipelines at rest: what was not heard, a look finds. */
const RESYNC_MS = 60_000;
const SHOW_EVERY_MS = 1_000;
/** Somebody is mending what is wrong, perhaps with an object that is not watched. */
const WRONG_AGAIN_MS = 5_000;

export function startReconciler(options: ReconcilerOptions): Reconciler {
  const { client, cluster, controller, clock, random, log } = options;
  const shown = showing(options);
  const queue = keyedQueue(reconcile, {
    clock,
    random,
    onError: (key, error) => {
      const { code, message } = error instanceof Refusal ? asFailure(error, 'a call failed') : asSpillwayError(error);
      log.warn({ pipeline: key, code }, `a pipeline could not be looked after and is tried again: ${message}`);
    },
  });
  const documents = knownDocuments(options, queue.add);
  const workloads = workloadPipelines({ ...options, documents, shown });
  const unsubscribe = listen({ cluster, controller, clock }, { queue, documents, shown });

  async function reconcile(key: string): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    const resource = cluster.pipelines.get(namespace, name);
    if (!resource) {
      documents.forget(key);
      workloads.forget(workloadArtifact(namespace, name));
      // What it had claimed is free for another one.
      for (const other of documents.where(() => true)) queue.add(other);
      return;
    }
    const known = await documents.read(key, resource);
    const bundle = 'bundle' in known ? known.bundle : await documents.lastGood(resource);
    const problems = 'problems' in known ? known.problems : [];
    const { writer } = { writer: undefined, ...known };
    const outcome = bundle
      ? await reconcileBundle(resource, { bundle, problems, writer })
      : await reconcileInvalid(resource, problems);
    queue.addAfter(key, outcome.againMs ?? (problems.length > 0 ? WRONG_AGAIN_MS : RESYNC_MS));
  }

  async function reconcileBundle(resource: PipelineResource, known: Omit<PromptDocument, 'claimed'>): Promise<Outcome> {
    const { bundle, problems } = known;
    const { target } = bundle.plan;
    if ('kubernetes' in target)
      return workloads.reconcile({ resource, bundle, kubernetes: target.kubernetes, problems });
    const claimed = await claimedByOthers(resource, [claimOfPrompt(promptOf(bundle).name)], { cluster, documents });
    const seen = await releasePrompt(resource, { ...known, claimed }, options);
    await shown.prompt(resource, seen, [...problems, ...claimed]);
    return claimed.length > 0 ? { ...seen.outcome, againMs: WRONG_AGAIN_MS } : seen.outcome;
  }

  async function reconcileInvalid(resource: PipelineResource, problems: string[]): Promise<Outcome> {
    const why = problems[0] ?? '';
    if (resource.metadata.deletionTimestamp === undefined) await shown.invalid(resource, problems);
    else await dropFinalizer(resource, client);
    return { why };
  }

  return {
    located: workloads.located,
    async end() {
      unsubscribe();
      await Promise.all([queue.end(), documents.end()]);
    },
  };
}

/**
 * A person's rollback waits for no turn in the queue and for no look into the store. The turn that follows finds it under way, takes
 * the annotation off and answers; what goes wrong here is tried again there.
 */
function rollBackAtOnce(resource: PipelineResource, controller: Controller): void {
  const asked = askedOf(resource);
  const releaseId = resource.status?.release;
  if (asked?.text !== 'rollback' || releaseId === undefined) return;
  const { actor, reason = `asked for by ${actor}` } = asked;
  void controller.command(releaseId, { kind: 'rollback', actor, reason }).catch(() => undefined);
}

/** Of two backends that exist already, whose slices do not say whose they are. */
function isArm({ workload }: KubernetesPlan, service: string | undefined): boolean {
  if (!('external' in workload)) return false;
  const { baseline, candidate } = workload.external;
  return [baseline, candidate].some(({ name }) => name === service);
}

/** Whatever may concern a pipeline makes it be looked at. @returns what ends the listening to the engine; watches end by their signal */
function listen(
  { cluster, controller, clock }: Pick<ReconcilerOptions, 'cluster' | 'controller' | 'clock'>,
  { queue, documents, shown }: { queue: KeyedQueue; documents: KnownDocuments; shown: Showing },
): () => void {
  const addWhere = (isMeant: (plan: KubernetesPlan) => boolean) => {
    for (const key of documents.where(isMeant)) queue.add(key);
  };
  const wake = (namespace: string | undefined, pipeline: string | undefined) => {
    if (namespace !== undefined && pipeline !== undefined) controller.wake(workloadArtifact(namespace, pipeline));
  };
  cluster.pipelines.onChange(resource => {
    rollBackAtOnce(resource, controller);
    queue.add(`${resource.metadata.namespace}/${resource.metadata.name}`);
  });
  cluster.deployments.onChange(({ metadata: { namespace, name: own, labels = {} } }) => {
    const name = labels[GATE_LABEL] ?? labels[PIPELINE];
    if (name !== undefined) queue.add(`${namespace}/${name}`);
    // Also where an object does not say whose it is, as one that has lost its label.
    addWhere(
      ({ namespace: of, workload }) => of === namespace && 'managed' in workload && workload.managed.deployment === own,
    );
  });
  // The engine's own affair, and at once: a candidate that has lost its last pod must not be sent requests until the next pass.
  cluster.pods.onChange(({ metadata: { namespace, labels } }) => wake(namespace, labels?.[PIPELINE]));
  cluster.endpointSlices.onChange(({ metadata: { namespace, labels = {} } }) => {
    wake(namespace, labels[PIPELINE]);
    const service = labels[SERVICE_NAME];
    for (const key of documents.where(plan => plan.namespace === namespace && isArm(plan, service)))
      controller.wake(key.replace('/', '.'));
  });
  cluster.services.onChange(({ metadata: { namespace } }) => addWhere(plan => plan.namespace === namespace));
  cluster.onRoute(({ metadata: { namespace, name } }) =>
    addWhere(({ routes }) => routes.some(route => route.namespace === namespace && route.name === name)),
  );
  for (const { metadata } of cluster.pipelines.list()) queue.add(`${metadata.namespace}/${metadata.name}`);
  return controller.onEvent(event => {
    if (event.type !== 'release') return;
    const { artifact } = event.release;
    for (const key of isWorkload(artifact) ? [artifact.replace('.', '/')] : documents.keysOfPrompt(artifact)) {
      const isDue = !isActive(event.release) || shown.writtenAtMs(key) + SHOW_EVERY_MS <= clock.monotonicMs();
      if (isDue) queue.add(key);
      else queue.addAfter(key, SHOW_EVERY_MS);
    }
  });
}
