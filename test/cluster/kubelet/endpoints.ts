/**
 * What others ask the process kubelet: whether it is well, which pods want to be scraped (Prometheus's HTTP discovery), and
 * containers' logs (`kubectl logs`, through the apiserver; without following and without those of an earlier run).
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { KUBELET, KUBELET_TLS_PORT, NODE, NODE_IP } from '../plane/addresses.ts';
import { certificates } from '../plane/control-plane.ts';
import type { Pod } from './pod.ts';
import type { PodLife } from './pod-life.ts';

export function serveEndpoints(lives: ReadonlyMap<string, PodLife>, folder: string): void {
  const { hostname, port } = new URL(KUBELET);
  createServer((request, response) => {
    if (request.url === '/healthz') response.end('ok');
    else if (request.url === '/scrape-targets') answerJson(response, scrapeTargets([...lives.values()]));
    else response.writeHead(404).end();
  }).listen(Number(port), hostname);

  const read = (name: string) => readFileSync(join(certificates(folder), name));
  createTlsServer({ cert: read('apiserver.crt'), key: read('apiserver.key') }, (request, response) => {
    answerLogs(request, response, lives);
  }).listen(KUBELET_TLS_PORT, NODE_IP);
}

/** The field's usual annotations: prometheus.io/scrape, /port and /path. */
export function scrapeTargets(lives: readonly Pick<PodLife, 'pod'>[]): object[] {
  return lives.flatMap(life => targetOf(life.pod()));
}

function targetOf({ metadata, spec, status }: Pod): object[] {
  const { annotations = {}, labels = {}, namespace = '', name } = metadata;
  const port = annotations['prometheus.io/port'] ?? spec.containers[0]?.ports?.[0]?.containerPort;
  if (annotations['prometheus.io/scrape'] !== 'true' || !status?.podIP || !port) return [];
  const labelled = Object.entries(labels).map(([key, value]) => [key.replaceAll(/\W/g, '_'), value]);
  const path = annotations['prometheus.io/path'] ?? '/metrics';
  const own = { namespace, pod: name, node: NODE, __metrics_path__: path };
  return [{ targets: [`${status.podIP}:${port}`], labels: { ...Object.fromEntries(labelled), ...own } }];
}

function answerJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function answerLogs(request: IncomingMessage, response: ServerResponse, lives: ReadonlyMap<string, PodLife>): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', KUBELET);
  const [, what, namespace, name, container] = pathname.split('/');
  const life = [...lives.values()].find(one => {
    const { metadata } = one.pod();
    return metadata.namespace === namespace && metadata.name === name;
  });
  if (what !== 'containerLogs' || !life) return void response.writeHead(404).end(`no logs for ${pathname}\n`);
  try {
    const lines = readFileSync(join(life.folder, `${container}.log`), 'utf8').split('\n');
    const tail = Number(searchParams.get('tailLines') ?? Number.POSITIVE_INFINITY);
    response.end(lines.slice(-(tail + 1)).join('\n'));
  } catch {
    response.end();
  }
}
