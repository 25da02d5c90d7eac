/**
 * Argo CD in the namespace of a test: application controller, repo server and a cache as processes, without its own server and
 * interface. It looks into Git every few seconds instead of every three minutes; all else is as it is installed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { until } from '../../support/until.ts';
import { binary } from '../build/cache.ts';
import type { KubeObject } from '../client/objects.ts';
import { type Launch, startProgram } from '../plane/program.ts';
import { documented, GATE_PAGE } from './documented.ts';
import type { Scene } from './scene.ts';

const REDIS = '127.0.0.1:6379';
const REPO_SERVER = '127.0.0.1:8081';
const REPO_SERVER_INSIGHT = '127.0.0.1:8084';
const CONTROLLER_INSIGHT_PORT = 8082;
/** Of the revisions that the repo server remembers, and between two looks of the controller. */
const LOOK_S = 3;

/** Installs it and answers when it works. */
export async function startArgoCd({ room, cluster }: Scene): Promise<void> {
  await install(cluster);
  const folder = process.env['SPILLWAY_CLUSTER']!;
  const own = room.folder();
  const base = { TMPDIR: own, ARGOCD_TLS_DATA_PATH: join(own, 'tls'), ARGOCD_SSH_DATA_PATH: join(own, 'ssh') };
  const start = (launch: Launch) => {
    const program = startProgram(folder, { ...launch, env: { ...base, ...launch.env } });
    room.atEnd(() => program.kill());
    return program;
  };
  start({ name: 'argocd-redis', argv: [binary('miniredis'), REDIS] });
  const repoServer = start(repoServerOf(own));
  const controller = start(controllerOf(cluster.namespace));
  const answers = async (address: string) => (await fetch(`http://${address}/healthz`)).ok;
  await repoServer.ready(() => answers(REPO_SERVER_INSIGHT));
  await controller.ready(() => answers(`127.0.0.1:${CONTROLLER_INSIGHT_PORT}`));
}

function repoServerOf(folder: string): Launch {
  // Its image has this script, which says whose signature a commit has; here none has one.
  writeFileSync(join(folder, 'git-verify-wrapper.sh'), '#!/bin/sh\n', { mode: 0o755 });
  const [address, port] = REPO_SERVER.split(':');
  const [insightAddress, insightPort] = REPO_SERVER_INSIGHT.split(':');
  return {
    name: 'argocd-repo-server',
    argv: [
      binary('argocd'),
      `--redis=${REDIS}`,
      `--address=${address}`,
      `--port=${port}`,
      `--metrics-address=${insightAddress}`,
      `--metrics-port=${insightPort}`,
      `--revision-cache-expiration=${LOOK_S}s`,
    ],
    env: {
      ARGOCD_BINARY_NAME: 'argocd-repo-server',
      PATH: [folder, process.env['PATH']].join(delimiter),
      ARGOCD_GPG_ENABLED: 'false',
      ARGOCD_ASK_PASS_SOCK: join(folder, 'ask-pass.sock'),
    },
  };
}

function controllerOf(namespace: string): Launch {
  return {
    name: 'argocd-application-controller',
    argv: [
      binary('argocd'),
      `--namespace=${namespace}`,
      `--redis=${REDIS}`,
      `--repo-server=${REPO_SERVER}`,
      `--app-resync=${LOOK_S}`,
      '--app-resync-jitter=0',
      `--metrics-port=${CONTROLLER_INSIGHT_PORT}`,
      // The health of each resource, in the Application where a test can read it.
      '--persist-resource-health',
    ],
    // `kubernetes.default.svc` is what the kubeconfig says.
    env: {
      ARGOCD_BINARY_NAME: 'argocd-application-controller',
      ARGOCD_FAKE_IN_CLUSTER: 'true',
      KUBECONFIG: process.env['KUBECONFIG']!,
    },
  };
}

async function install({ api, namespace, apply }: Scene['cluster']): Promise<void> {
  const definitions = JSON.parse(readFileSync(binary('argocd.json'), 'utf8')) as KubeObject[];
  await apply(...definitions);
  for (const { spec } of definitions)
    await until(`${spec.names.plural} are served`, () =>
      api.call('GET', `/apis/${spec.group}/${spec.versions[0].name}/${spec.names.plural}`),
    );
  const labels = { 'app.kubernetes.io/part-of': 'argocd' };
  const any = [{ group: '*', kind: '*' }];
  await apply(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'argocd-cm', namespace, labels },
      data: documented(GATE_PAGE, 'ConfigMap argocd-cm'),
    },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'argocd-secret', namespace, labels } },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: 'default', namespace },
      spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace: '*' }], clusterResourceWhitelist: any },
    },
  );
}
