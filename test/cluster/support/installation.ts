/**
 * Spillway in the cluster of a test, as its chart would leave it: resources, gate, an account with the chart's rights, and
 * the server as a process of the test that speaks as that account. Several servers may run at once; each can be killed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Room } from '../../support/room.ts';
import { type ServerProcess, serve } from '../../support/spillway.ts';
import { until } from '../../support/until.ts';
import { accessFor, kubeconfigOf } from '../client/kubeconfig.ts';
import type { KubeObject } from '../client/objects.ts';
import { PROMETHEUS } from '../plane/addresses.ts';
import type { Cluster } from './cluster.ts';
import { installDefinitions } from './definitions.ts';
import { dropFinalizers } from './finalizers.ts';
import { installGate } from './gate.ts';
import { rightsOfChart } from './rights.ts';

const ACCOUNT = 'spillway';

export interface Installation {
  /** The account's kubeconfig. */
  kubeconfig: string;
  /** A server on a folder of its own, or on a database that others share. */
  start(options?: { data?: string; database?: string; env?: Record<string, string> }): Promise<ServerProcess>;
}

export interface InstallationOptions {
  /** False: a cluster without the policies, as an older one is. */
  hasGate?: boolean;
  /** What the account may do; all that the chart gives by default. */
  rights?: (namespace: string, account: string) => KubeObject[];
  /** The server looks after all namespaces, as the chart's does; by default only after that of the test. */
  isEverywhere?: boolean;
}

export async function install(
  room: Room,
  cluster: Cluster,
  { hasGate = true, rights = rightsOfChart, isEverywhere = false }: InstallationOptions = {},
): Promise<Installation> {
  const { namespace, api } = cluster;
  await installDefinitions(cluster);
  room.atEnd(() => dropFinalizers(api, namespace));
  const metadata = { name: ACCOUNT, namespace };
  await cluster.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata }, ...rights(namespace, ACCOUNT));
  if (hasGate) await installGate(room, cluster, ACCOUNT);
  const kubeconfig = join(room.folder(), 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(await accessFor(api, metadata), ACCOUNT), { mode: 0o600 });
  await until('the account may look', () =>
    api.call('GET', `/apis/spillway.dev/v1alpha1/namespaces/${namespace}/pipelines`),
  );
  return {
    kubeconfig,
    start({ data = room.folder(), database, env = {} } = {}) {
      const where = isEverywhere ? [] : ['--namespace', namespace];
      const args = ['--kube', ...where, ...(database === undefined ? [] : ['--database', database])];
      return serve(room, {
        data,
        args,
        env: { KUBECONFIG: kubeconfig, SPILLWAY_PROMETHEUS_URL: PROMETHEUS, ...env },
      });
    },
  };
}
