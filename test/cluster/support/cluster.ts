/**
 * The cluster that the tests run in, as a test sees it: the administrator's client, a namespace of its own, commands of the
 * shell, and the power to end programs of the plane.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { request } from 'undici';
import type { Room } from '../../support/room.ts';
import { until } from '../../support/until.ts';
import { type Api, openApi, readAccess } from '../client/api.ts';
import type { KubeObject } from '../client/objects.ts';
import { IMAGES } from '../kubelet/images.ts';
import { CONTROL } from '../plane/addresses.ts';

export interface Cluster {
  api: Api;
  /** New, usable, and deleted at the end. */
  namespace: string;
  apply(...objects: KubeObject[]): Promise<void>;
  /** `deployments.apps/web` and the like, by the path below the namespace: `get('apps/v1', 'deployments/web')`. */
  get(apiVersion: string, what: string): Promise<KubeObject>;
  list(apiVersion: string, what: string): Promise<KubeObject[]>;
  kubectl(...args: string[]): Promise<string>;
  /** From now on containers of this image, with any tag, run this command unless they have one of their own. */
  setImage(name: string, command: readonly string[]): Promise<void>;
  /** Ends or starts a program of the plane. */
  control(program: string, deed: 'kill' | 'start'): Promise<void>;
}

const COMMAND_MS = 60_000;
const app = ['node', join(import.meta.dirname, 'app.ts')];

export async function openCluster(room: Room): Promise<Cluster> {
  const api = openApi(readAccess(process.env['KUBECONFIG']!));
  room.atEnd(() => api.close());
  const namespace = `test-${randomBytes(4).toString('hex')}`;
  const path = (apiVersion: string, what: string) =>
    `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/namespaces/${namespace}/${what}`;
  const cluster: Cluster = {
    api,
    namespace,
    async apply(...objects) {
      for (const object of objects) await api.apply(object);
    },
    get: (apiVersion, what) => api.call('GET', path(apiVersion, what)),
    list: async (apiVersion, what) => (await api.call('GET', path(apiVersion, what)))['items'],
    async kubectl(...args) {
      const options = { timeout: COMMAND_MS, maxBuffer: 10_000_000 };
      return (await promisify(execFile)('kubectl', ['-n', namespace, ...args], options)).stdout;
    },
    async setImage(name, command) {
      // One entry each, merged: tests that run in turn leave one another's images alone.
      const data = { [name.replaceAll('/', '_')]: JSON.stringify({ [name]: command }) };
      await api.patch(`/api/v1/namespaces/${IMAGES.namespace}/configmaps/${IMAGES.name}`, 'merge', { data });
    },
    async control(program, deed) {
      const { statusCode, body } = await request(`${CONTROL}/${program}/${deed}`, { method: 'POST' });
      if (statusCode !== 200) throw new Error(await body.text());
      await body.dump();
    },
  };
  await makeUsable(cluster);
  room.atEnd(() => api.call('DELETE', `/api/v1/namespaces/${namespace}`));
  return cluster;
}

async function makeUsable({ api, namespace, apply, setImage }: Cluster): Promise<void> {
  await setImage('app', app);
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
  await until(`namespace ${namespace} has its account`, () => api.call('GET', account));
}
