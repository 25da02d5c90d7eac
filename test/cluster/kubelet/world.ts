/** What a pod's life needs from the cluster: objects to read, a place for its status, addresses, tokens. */
import { join } from 'node:path';
import { type Api, Refusal } from '../client/api.ts';
import type { KubeObject } from '../client/objects.ts';
import { API_SERVER, NODE_IP } from '../plane/addresses.ts';
import { type Addresses, makeAddresses } from './addresses.ts';
import type { Read } from './environment.ts';
import type { Pod, PodStatus } from './pod.ts';
import type { VolumeWorld } from './volumes.ts';

export interface World {
  folder: string;
  hostIP: string;
  /** Where a container without a working directory starts: the repository. */
  directory: string;
  /** Every container's environment begins with these. */
  given: Readonly<Record<string, string>>;
  addresses: Addresses;
  reader(namespace: string): Read;
  tokens(pod: Pod): VolumeWorld['token'];
  /** False when there is no such pod any more. */
  report(pod: Pod, status: PodStatus): Promise<boolean>;
  remove(pod: Pod): Promise<void>;
  say(line: string): void;
}

const AGAIN_MS = 300;

export function openWorld(api: Api, folder: string): World {
  const { hostname, port } = new URL(API_SERVER);
  const path = ({ metadata }: Pod) => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
  return {
    folder,
    hostIP: NODE_IP,
    directory: join(import.meta.dirname, '../../..'),
    given: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '/',
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
    },
    addresses: makeAddresses(),
    reader: namespace => (kind, name) =>
      api
        .call('GET', `/api/v1/namespaces/${namespace}/${kind}/${name}`)
        .catch(orAbsent<KubeObject | undefined>(undefined)),
    tokens: pod => async (audience, expirationSeconds) => {
      const { namespace, name, uid } = pod.metadata;
      const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid };
      const account = pod.spec.serviceAccountName ?? 'default';
      const spec = { audiences: audience ? [audience] : [], expirationSeconds, boundObjectRef };
      const at = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
      return (await api.call('POST', at, { spec }))['status'].token;
    },
    async report(pod, status) {
      // Strategic, as the real kubelet does: conditions merge by type, so that other people's readiness gates stay.
      const body = { metadata: { uid: pod.metadata.uid }, status };
      const patch = api.patch(`${path(pod)}/status`, 'strategic', body);
      return patch.then(() => true).catch(orAbsent(false));
    },
    async remove(pod) {
      const body = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
      for (;;) {
        try {
          await api.call('DELETE', path(pod), body).catch(orAbsent(undefined));
          return;
        } catch {
          await new Promise(resolve => setTimeout(resolve, AGAIN_MS));
        }
      }
    },
    say: line => void process.stdout.write(`${new Date().toISOString()} ${line}\n`),
  };
}

/** Not there, or another of the same name: a conflict here is one of uids. */
function orAbsent<T>(value: T): (error: unknown) => T {
  return error => {
    if (error instanceof Refusal && (error.status === 404 || error.status === 409)) return value;
    throw error;
  };
}
