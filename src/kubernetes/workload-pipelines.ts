/**
 * Looks after one pipeline of a workload at a time: looks, obeys a person or takes the next step, and says how it stands. What it
 * remembers of pipelines is where they are routed, which the router and the sweep ask for, and what would cost a call to ask again.
 */
import type { Clock } from '../clock.ts';
import { workloadArtifact } from '../config/artifact.ts';
import type { KubernetesPlan } from '../config/plan.ts';
import type { Controller } from '../controller/face.ts';
import { asSpillwayError } from '../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import { asFailure, Refusal } from '../kube/refusal.ts';
import type { Store } from '../store/store.ts';
import type { WorkloadRouter } from '../traffic/workload-router.ts';
import { capabilities } from './capabilities.ts';
import { type Bundle, type CarryOut, carryOut, type Outcome } from './carry-out.ts';
import { claimedByOthers } from './claims.ts';
import type { KnownDocuments } from './known-documents.ts';
import { claimsOf, type Located } from './locate.ts';
import { type Look, look, type Subject } from './look.ts';
import { type Gate, nextStep } from './next-step.ts';
import { obeyPerson } from './obey-person.ts';
import type { PipelineResource } from './resources.ts';
import type { Showing } from './showing.ts';
import type { Watched } from './watched.ts';

export interface WorkloadPipeline {
  resource: PipelineResource;
  bundle: Bundle;
  kubernetes: KubernetesPlan;
  problems: readonly string[];
}

export interface WorkloadPipelines {
  reconcile(pipeline: WorkloadPipeline): Promise<Outcome>;
  /** @param baseline only where the sides were looked at since this version serves */
  located(artifact: string, baseline?: string | null): Located | undefined;
  forget(artifact: string): void;
}

export interface WorkloadPipelineOptions {
  client: KubeClient;
  cluster: Watched;
  store: Store;
  controller: Controller;
  router: WorkloadRouter;
  clock: Clock;
  gate: () => Gate;
  sweep: CarryOut['sweep'];
  documents: KnownDocuments;
  shown: Showing;
}

/** Somebody is mending what is wrong, perhaps with an object that is not watched. */
const WRONG_AGAIN_MS = 5_000;
/** After a command: its effect is there, and the watch has brought the annotation's end. */
const ASKED_AGAIN_MS = 200;
/** A release that waits tells nobody so: what it waits for is looked up for the status. */
const WAITING_AGAIN_MS = 10_000;

export function workloadPipelines(options: WorkloadPipelineOptions): WorkloadPipelines {
  const { client, cluster, router, clock, shown } = options;
  const places = new Map<string, { sides: Located; baseline: string | null }>();
  /** By artifact. Forgotten with the process: then a person's `retry` is asked for, where a mere new apply would have done. */
  const takenBack = new Map<string, string>();
  const capable = capabilities(client, clock);

  async function lookAt(subject: Subject): Promise<Look> {
    const { artifact } = subject;
    const around = {
      cluster,
      store: options.store,
      gate: options.gate(),
      claimed: await claimedByOthers(subject.resource, claimsOf(subject.kubernetes), options),
      incapable: capable.known(artifact),
      takenBack: takenBack.get(artifact),
    };
    const seen = await look(subject, around);
    if (seen.located && seen.sides) {
      places.set(artifact, { sides: seen.sides, baseline: seen.view.baseline });
      router.place(artifact, seen.located);
    }
    const { workload, baseline, last } = seen.view;
    if (last && workload?.version === baseline) takenBack.set(artifact, last.id);
    const incapable = await newlyIncapable(subject, seen);
    return incapable ? look(subject, { ...around, incapable }) : seen;
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

  return {
    async reconcile(pipeline) {
      const { namespace = 'default', name } = pipeline.resource.metadata;
      const subject = { ...pipeline, artifact: workloadArtifact(namespace, name) };
      const seen = await lookAt(subject);
      const asked = await obeyPerson(subject, seen, { ...options });
      if (asked) {
        await shown.workload(subject, seen, { why: asked.result, lastCommand: asked });
        return { why: asked.result, againMs: ASKED_AGAIN_MS };
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
    },
    located(artifact, baseline) {
      const place = places.get(artifact);
      return baseline === undefined || place?.baseline === baseline ? place?.sides : undefined;
    },
    forget(artifact) {
      capable.forget(artifact);
      takenBack.delete(artifact);
      places.delete(artifact);
      router.place(artifact, undefined);
    },
  };
}

/** What a person may have to see to; a write that lost against another one is made anew, and is none. */
function troubleOf(error: unknown): string | undefined {
  if (error instanceof Refusal && [404, 409, 422].includes(error.status)) return undefined;
  const { code, message } = error instanceof Refusal ? asFailure(error, 'a call failed') : asSpillwayError(error);
  return code === 'STATE_MOVED' || code === 'EPOCH_STALE' ? undefined : message;
}
