/**
 * From a Pipeline resource to what the engine keeps: the same document, checked by the same rules as a file, with the files it
 * names taken out of its ConfigMap. What an older definition of the resource let through is found here, and told in the status.
 */
import { API_VERSION } from '../config/fields.ts';
import { type PipelineBundle, readPipelineBundle } from '../config/load.ts';
import { formatProblem, type SpillwayError } from '../errors.ts';
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { asFailure, Refusal } from '../kube/refusal.ts';
import type { PipelineResource } from './resources.ts';
import { writerOf } from './writer.ts';

/** `writer`: of its files, where they are in a ConfigMap. */
export type Document = { bundle: PipelineBundle; writer?: string } | { problems: string[] };

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** Reads the ConfigMap, where the document names one. */
export async function documentOf(resource: PipelineResource, client: KubeClient): Promise<Document> {
  const found = await filesOf(resource, client);
  if ('problems' in found) return found;
  const { files, writer } = found;
  return { ...readDocument(resource, files), ...(writer === undefined ? {} : { writer }) };
}

export function readDocument({ metadata, spec }: PipelineResource, files: Record<string, string>): Document {
  const { name, namespace = 'default' } = metadata;
  const document = { apiVersion: API_VERSION, kind: 'Pipeline', metadata: { name, namespace }, spec };
  try {
    return { bundle: readPipelineBundle({ document, files }) };
  } catch (error) {
    const { problems, message } = error as SpillwayError;
    if (problems === undefined) throw error;
    // Line and column are those of no file that anyone has.
    const told = problems.map(({ path, message }) => formatProblem({ path, message }));
    return { problems: told.length > 0 ? told : [message] };
  }
}

/** The ConfigMap that holds the files of the document, where it names one. */
export function filesNamedIn({
  metadata,
  spec,
}: Pick<PipelineResource, 'metadata' | 'spec'>): { namespace: string; configMap: string } | undefined {
  const named = (spec['files'] as { configMap?: unknown } | undefined)?.configMap;
  return typeof named === 'string' ? { namespace: metadata.namespace ?? 'default', configMap: named } : undefined;
}

async function filesOf(
  { metadata, spec }: PipelineResource,
  client: KubeClient,
): Promise<{ files: Record<string, string>; writer?: string } | { problems: string[] }> {
  const of = filesNamedIn({ metadata, spec });
  if (!of) return { files: {} };
  const { namespace, configMap: named } = of;
  const called = `ConfigMap ${namespace}/${named}`;
  try {
    const found = await client.get<ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${named}`);
    return { files: found.data ?? {}, writer: writerOf(found) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status === 404) return { problems: [`${called} is not there: spec.files.configMap names it`] };
    return { problems: [asFailure(error, `${called} cannot be read`).message] };
  }
}
