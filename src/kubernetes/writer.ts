/**
 * Who wrote what is released last, as far as the API server tells: the field manager of a Deployment's template, of a pipeline's
 * target, or of the files in a ConfigMap. Pure.
 */
import type { KubeObject } from '../kube/client.ts';

interface ManagedFields {
  manager?: string;
  time?: string;
  subresource?: string;
  fieldsV1?: Record<string, unknown>;
}

export function writerOf({ metadata }: Pick<KubeObject, 'metadata'>): string {
  const managed = (metadata as { managedFields?: ManagedFields[] }).managedFields ?? [];
  const entries = managed.filter(({ fieldsV1, subresource }) => {
    const spec = fieldsV1?.['f:spec'] as Record<string, unknown> | undefined;
    return (
      subresource === undefined && (spec?.['f:template'] ?? spec?.['f:target'] ?? fieldsV1?.['f:data']) !== undefined
    );
  });
  const newest = entries.sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0];
  return `kubernetes:${newest?.manager ?? 'unknown'}`;
}
