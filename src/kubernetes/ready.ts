/** Who can be sent requests: pods that say they are ready, and what a Service has made of them. Pure. */
import type { Cluster } from './cluster.ts';
import type { Pod } from './objects.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';

export function isReadyPod({ metadata, status }: Pod): boolean {
  const isReady = status?.conditions?.some(one => one.type === 'Ready' && one.status === 'True') ?? false;
  return isReady && metadata.deletionTimestamp === undefined;
}

/** One for each endpoint, sorted. Where a Service has both families, each pod is in a slice of each: one of them counts. */
export function readyAddresses(
  { endpointSlices }: Pick<Cluster, 'endpointSlices'>,
  namespace: string,
  service: string,
): string[] {
  const slices = endpointSlices.list(namespace).filter(({ metadata }) => metadata.labels?.[SERVICE_NAME] === service);
  const isBoth = new Set(slices.map(({ addressType }) => addressType)).size > 1;
  const counted = isBoth ? slices.filter(({ addressType }) => addressType === 'IPv4') : slices;
  const ready = counted.flatMap(({ endpoints }) =>
    (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false),
  );
  return [...new Set(ready.flatMap(({ addresses }) => addresses.slice(0, 1)))].sort();
}
