/**
 * Pipelines whose server has ended with its test keep their finalizer, and with it their namespace and the definition of
 * their kind. Whoever ends a server for good lets go of them, as an administrator would who has lost his.
 */
import type { Api } from '../client/api.ts';
import type { KubeObject } from '../client/objects.ts';

const API = '/apis/spillway.dev/v1alpha1';

/** @param namespace all by default */
export async function dropFinalizers(api: Api, namespace?: string): Promise<void> {
  const path = namespace === undefined ? API : `${API}/namespaces/${namespace}`;
  const { items = [] } = (await api.call('GET', `${path}/pipelines`)) as { items?: KubeObject[] };
  for (const { metadata } of items)
    if (metadata.finalizers?.length)
      await api.patch(`${API}/namespaces/${metadata.namespace}/pipelines/${metadata.name}`, 'merge', {
        metadata: { finalizers: null },
      });
}
