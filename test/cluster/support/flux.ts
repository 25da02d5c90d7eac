/**
 * Flux's kustomize-controller as a process, and what it fetches: manifests of a test as an archive over HTTP, named by an
 * ExternalArtifact. That is what a source controller makes of a Git repository; none runs here.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { binary } from '../build/cache.ts';
import { type KubeObject, pathOf } from '../client/objects.ts';
import { startProgram } from '../plane/program.ts';
import type { Scene } from './scene.ts';

export const kustomizationsPath = (namespace: string) =>
  `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${namespace}/kustomizations`;

const INSIGHT = '127.0.0.1:8083';
const HEALTH = '127.0.0.1:9440';

export interface Flux {
  /** The team's manifests are these from now on. @returns the revision that Flux will name */
  publish(team: string, objects: readonly KubeObject[]): Promise<string>;
}

export async function startFlux(scene: Scene): Promise<Flux> {
  const { room, cluster } = scene;
  await install(cluster);
  const archives = await serveArchives(scene);
  const argv = [
    binary('kustomize-controller'),
    `--metrics-addr=${INSIGHT}`,
    `--health-addr=${HEALTH}`,
    '--feature-gates=ExternalArtifact=true',
    '--interval-jitter-percentage=0',
  ];
  const env = { KUBECONFIG: process.env['KUBECONFIG']!, RUNTIME_NAMESPACE: cluster.namespace, TMPDIR: room.folder() };
  const program = startProgram(process.env['SPILLWAY_CLUSTER']!, { name: 'kustomize-controller', argv, env });
  room.atEnd(() => dropFinalizers(cluster));
  room.atEnd(() => program.kill());
  await program.ready(async () => (await fetch(`http://${HEALTH}/readyz`)).ok);
  return { publish: (team, objects) => publish(cluster, team, archives(team, objects)) };
}

/** When the controller has ended, nobody else does, and the namespace would never be gone. */
async function dropFinalizers({ api, namespace, list }: Scene['cluster']): Promise<void> {
  const kustomizations = await list('kustomize.toolkit.fluxcd.io/v1', 'kustomizations');
  for (const { metadata } of kustomizations)
    await api.patch(`${kustomizationsPath(namespace)}/${metadata.name}`, 'merge', { metadata: { finalizers: null } });
}

async function install({ api, apply }: Scene['cluster']): Promise<void> {
  const definitions = JSON.parse(readFileSync(binary('flux.json'), 'utf8')) as KubeObject[];
  await apply(...definitions);
  for (const { spec } of definitions)
    for (const { name, served } of spec.versions)
      if (served)
        await until(`${spec.names.plural} are served`, () =>
          api.call('GET', `/apis/${spec.group}/${name}/${spec.names.plural}`),
        );
}

interface Archive {
  url: string;
  digest: string;
  revision: string;
  path: string;
  size: number;
}

async function serveArchives({ room }: Scene): Promise<(team: string, objects: readonly KubeObject[]) => Archive> {
  const files = new Map<string, Buffer>();
  const server = createServer(({ url = '' }, response) => {
    const file = files.get(url);
    response.writeHead(file ? 200 : 404).end(file);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  room.atEnd(() => server.close());
  const { port } = server.address() as AddressInfo;
  const folder = room.folder();
  return (team, objects) => {
    mkdirSync(join(folder, team), { recursive: true });
    const text = objects.map(object => `${JSON.stringify(object, null, 2)}\n`).join('---\n');
    writeFileSync(join(folder, team, 'all.yaml'), text);
    const file = execFileSync('tar', ['-czf', '-', '-C', join(folder, team), 'all.yaml']);
    const sum = createHash('sha256').update(file).digest('hex');
    const path = `${team}/${sum}.tar.gz`;
    files.set(`/${path}`, file);
    return {
      url: `http://127.0.0.1:${port}/${path}`,
      digest: `sha256:${sum}`,
      revision: `latest@sha256:${sum}`,
      path,
      size: file.length,
    };
  };
}

async function publish({ api, namespace }: Scene['cluster'], team: string, archive: Archive): Promise<string> {
  const artifact = {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'ExternalArtifact',
    metadata: { name: team, namespace },
    spec: {},
  };
  await api.apply(artifact);
  const now = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'Succeeded', message: 'published', lastTransitionTime: now };
  const status = { artifact: { ...archive, lastUpdateTime: now }, conditions: [ready] };
  await api.patch(`${pathOf(artifact)}/status`, 'merge', { status });
  return archive.revision;
}
