/**
 * Brings the whole plane up, inside the namespace, in the order in which one thing needs another, and says how long each
 * took. Returns when a Deployment would run and a route would be served; nothing waits for a time.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { binaries } from '../build/cache.ts';
import type { Api } from '../client/api.ts';
import { kubeconfigOf } from '../client/kubeconfig.ts';
import { GATEWAY_INSIGHT, KUBELET, NODE, PROMETHEUS } from './addresses.ts';
import { reachApiServer, type Site, startApiServer, startControllerManager, startEtcd } from './control-plane.ts';
import { makeCredentials } from './credentials.ts';
import { installDefinitions, isGatewayReady, startTraefik } from './gateway.ts';
import { installImages } from './images.ts';
import { openNetwork } from './network.ts';
import { type Program, startProgram } from './program.ts';
import { startPrometheus } from './prometheus.ts';

export interface Plane {
  kubeconfig: string;
  programs: Program[];
  /** Seconds since the start at which each was ready, as one line. */
  timings: string;
}

export async function bringUp(folder: string): Promise<Plane> {
  const clock = startClock();
  const site: Site = { folder, binaries: binaries(), credentials: makeCredentials(folder) };
  openNetwork();
  const etcd = startEtcd(site);
  const apiServer = startApiServer(site);
  const prometheus = startPrometheus(site);
  const api = await reachApiServer(apiServer, site);
  clock.mark('apiserver');

  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(api.access, 'admin'), { mode: 0o600 });
  const manager = startControllerManager(site, kubeconfig);
  await installImages(api);
  const kubelet = startKubelet(folder, kubeconfig);
  const traefik = installDefinitions(api, site).then(() => startTraefik(api, site));
  await Promise.all([
    manager.ready(() => isManaged(api)).then(() => clock.mark('controller-manager')),
    kubelet.ready(() => isNodeReady(api)).then(() => clock.mark('kubelet')),
    traefik.then(program => program.ready(() => isServed(api))).then(() => clock.mark('gateway')),
    prometheus.ready(() => answers(`${PROMETHEUS}/-/ready`)).then(() => clock.mark('prometheus')),
  ]);
  await api.close();
  const programs = [etcd, apiServer, manager, kubelet, await traefik, prometheus];
  return { kubeconfig, programs, timings: clock.line() };
}

function startKubelet(folder: string, kubeconfig: string): Program {
  const main = join(import.meta.dirname, '../kubelet/main.ts');
  const env = { KUBECONFIG: kubeconfig, CLUSTER_FOLDER: folder };
  return startProgram(folder, { name: 'kubelet', argv: [process.execPath, main], env });
}

/** Pods can be made in a namespace once the controllers have given it its account. */
const isManaged = (api: Api) => api.call('GET', '/api/v1/namespaces/default/serviceaccounts/default');

async function isNodeReady(api: Api): Promise<boolean> {
  await api.call('GET', `/api/v1/nodes/${NODE}`);
  return answers(`${KUBELET}/healthz`);
}

const isServed = async (api: Api) => (await answers(`${GATEWAY_INSIGHT}/ping`)) && isGatewayReady(api);

async function answers(url: string): Promise<boolean> {
  const { statusCode, body } = await request(url);
  await body.dump();
  return statusCode === 200;
}

function startClock() {
  const startedMs = performance.now();
  const marks: string[] = [];
  const now = () => `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`;
  return {
    mark: (what: string) => void marks.push(`${what} ${now()}`),
    line: () => `${marks.join(' · ')} · all ready after ${now()}`,
  };
}
