/**
 * The documents of all pipelines as they were read last, by `namespace/name`: read again when the resource or its ConfigMap
 * changes. What went wrong in a document does not make the one before it forgotten: a release may still run by it.
 */
import type { Clock } from '../clock.ts';
import { workloadArtifact } from '../config/artifact.ts';
import type { PipelineBundle } from '../config/load.ts';
import type { KubernetesPlan } from '../config/plan.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Store } from '../store/store.ts';
import type { Bundle } from './carry-out.ts';
import { documentOf, filesNamedIn } from './documents.ts';
import { claimsOf as claimsOfPlan } from './locate.ts';
import type { PipelineResource } from './resources.ts';
import { watchedFiles } from './watched-files.ts';

export type Known = ({ bundle: PipelineBundle; writer?: string } | { problems: string[] }) & {
  version: string;
  readAtMs: number;
};

export interface KnownDocuments {
  read(key: string, resource: PipelineResource): Promise<Known>;
  /** Of the store: what the engine was given last. */
  lastGood(resource: PipelineResource): Promise<Bundle | undefined>;
  planOf(key: string): KubernetesPlan | undefined;
  /** Keys of the workloads whose plan is meant. */
  where(isMeant: (plan: KubernetesPlan) => boolean): string[];
  /** Of the pipelines that name this prompt. */
  keysOfPrompt(name: string): string[];
  /**
   * What the pipeline releases, in words by which two that release the same are found; of a document that is wrong now, what it released
   * when it was last right. Undefined before it was read.
   */
  claimsOf(key: string): readonly string[] | undefined;
  forget(key: string): void;
  end(): Promise<void>;
}

/** A ConfigMap that cannot be watched is read with each resync. */
const REREAD_MS = 60_000;

interface Options {
  client: KubeClient;
  store: Pick<Store, 'getPipeline'>;
  clock: Clock;
  random: () => number;
}

/** @param onStale a ConfigMap of this key has changed */
export function knownDocuments(
  { client, store, clock, random }: Options,
  onStale: (key: string) => void,
): KnownDocuments {
  const documents = new Map<string, Known>();
  const claims = new Map<string, readonly string[]>();
  const stale = new Set<string>();
  const files = watchedFiles(client, { clock, random }, key => {
    stale.add(key);
    onStale(key);
  });

  async function lastGood({
    metadata: { namespace = 'default', name },
  }: PipelineResource): Promise<Bundle | undefined> {
    const row = await store.getPipeline(workloadArtifact(namespace, name));
    return row && ({ document: row.document, ...(row.bundle as object) } as unknown as Bundle);
  }

  return {
    async read(key, resource) {
      const version = `${resource.metadata.generation} ${resource.metadata.uid}`;
      const before = documents.get(key);
      files.name(key, filesNamedIn(resource));
      const readAtMs = clock.monotonicMs();
      const isFresh = before?.version === version && !stale.has(key);
      if (isFresh && (!filesNamedIn(resource) || readAtMs - before.readAtMs < REREAD_MS)) return before;
      stale.delete(key);
      const known = { ...(await documentOf(resource, client)), version, readAtMs };
      if ('bundle' in known) claims.set(key, claimsOf(known.bundle));
      else if (!claims.has(key)) claims.set(key, claimsOf(await lastGood(resource)));
      documents.set(key, known);
      return known;
    },
    lastGood,
    planOf: key => planIn(documents.get(key)),
    where(isMeant) {
      return [...documents].flatMap(([key, known]) => {
        const plan = planIn(known);
        return plan && isMeant(plan) ? [key] : [];
      });
    },
    keysOfPrompt: name => [...documents].filter(([, known]) => promptIn(known) === name).map(([key]) => key),
    claimsOf: key => claims.get(key),
    forget(key) {
      documents.delete(key);
      claims.delete(key);
      stale.delete(key);
      files.name(key, undefined);
    },
    end: () => files.end(),
  };
}

/** Applications ask for a prompt by its name alone: there is one of that name, whatever namespaces there are. */
export const claimOfPrompt = (name: string) => `Prompt ${name}`;

function claimsOf(bundle: Bundle | undefined): readonly string[] {
  if (!bundle) return [];
  const { plan, prompt } = bundle;
  if ('kubernetes' in plan.target) return claimsOfPlan(plan.target.kubernetes);
  return prompt ? [claimOfPrompt(prompt.name)] : [];
}

function promptIn(known: Known | undefined): string | undefined {
  return known && 'bundle' in known ? known.bundle.prompt?.name : undefined;
}

function planIn(known: Known | undefined): KubernetesPlan | undefined {
  if (!known || !('bundle' in known)) return undefined;
  const { target } = known.bundle.plan;
  return 'kubernetes' in target ? target.kubernetes : undefined;
}
