/** Who can be sent requests: pods that say they are ready, and what a Service has made of them. Pure. */
import type { Cluster } from './cluster.ts';
import type { Pod } from './objects.ts';

const SERVICE_NAME = 'kubernetes.io/service-name';

export function isReadyPod({ metadata, status }: Pod): boolean {
  const isReady = status?.conditions?.some(one => one.type === 'Ready' && one.status === 'True') ?? false;
  return isReady && metadata.deletionTimestamp === undefined;
}

/** Each address once, sorted. */
export function readyAddresses(
  { endpointSlices }: Pick<Cluster, 'endpointSlices'>,
  namespace: string,
  service: string,
): string[] {
  const slices = endpointSlices.list(namespace).filter(({ metadata }) => metadata.labels?.[SERVICE_NAME] === service);
  const ready = slices.flatMap(({ endpoints }) =>
    (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false),
  );
  return [...new Set(ready.flatMap(({ addresses }) => addresses.slice(0, 1)))].sort();
}
