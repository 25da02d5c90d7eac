/**
 * An API server of the tests, on loopback: keeps routes, applies patches as the real one does, tells watchers, and fails on
 * request in every way in which one can fail. Its status follows each change at once, unless a test says otherwise.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RouteObject } from '../traffic/gateway/object.ts';
import { type KubeClient, kubeClient } from './client.ts';
import { applyPatch } from './json-patch.test-support.ts';

/** What the next call of a verb meets: a status with headers, or no answer. */
export type Fault = { status: number; headers?: Record<string, string>; body?: string } | 'hang' | 'drop' | 'half';

export interface ApiServer {
  client: KubeClient;
  url: string;
  /** By path: any object. */
  objects: Map<string, RouteObject>;
  /** Met by the next calls in turn; `PATCH /path` with the verb that HTTP has. */
  faults: { method: string; name?: string; fault: Fault /** Calls that are let through first. */; after?: number }[];
  calls: string[];
  /** Changes an object as somebody else, watchers told. */
  put(path: string, route: RouteObject): void;
  watchers: { response: ServerResponse; url: string }[];
  isStatusLate: boolean;
  close(): Promise<void>;
}

export async function apiServer(): Promise<ApiServer> {
  let version = 10;
  const tell = (type: string, object: unknown, path: string) => {
    for (const { response, url } of api.watchers) {
      const [collection = '', query = ''] = url.split('?');
      const name = /metadata\.name%3D([^&]+)/.exec(query)?.[1];
      const isAskedFor = path.startsWith(`${collection}/`) && (name === undefined || path.endsWith(`/${name}`));
      if (isAskedFor) response.write(`${JSON.stringify({ type, object })}\n`);
    }
  };
  const save = (path: string, route: RouteObject) => {
    version += 1;
    const next = structuredClone(route);
    next.metadata.resourceVersion = `${version}`;
    if (!api.isStatusLate)
      for (const { conditions = [] } of next.status?.parents ?? [])
        for (const condition of conditions) condition.observedGeneration = next.metadata.generation ?? 0;
    const isNew = !api.objects.has(path);
    api.objects.set(path, next);
    tell(isNew ? 'ADDED' : 'MODIFIED', next, path);
    return next;
  };

  const server = createServer(async (request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const method = request.method ?? '';
    api.calls.push(`${method} ${request.url}`);
    const met = api.faults.find(one => one.method === method && (one.name === undefined || path.endsWith(one.name)));
    if (met?.after) met.after -= 1;
    else if (met) {
      api.faults.splice(api.faults.indexOf(met), 1);
      return fail(response, met.fault);
    }
    if (query.includes('watch=true')) {
      response.writeHead(200).flushHeaders();
      api.watchers.push({ response, url: request.url ?? '' });
      response.once('close', () => {
        api.watchers = api.watchers.filter(one => one.response !== response);
      });
      return;
    }
    const found = api.objects.get(path);
    if (query.includes('fieldSelector') || path.endsWith('s')) return list(path, query, response);
    if (!found) return answer(response, 404, { message: `${path} not found` });
    if (method === 'GET') return answer(response, 200, found);
    try {
      const changed = applyPatch(found, JSON.parse(await bodyOf(request)));
      if (JSON.stringify(changed.spec) !== JSON.stringify(found.spec)) changed.metadata.generation! += 1;
      answer(response, 200, save(path, changed));
    } catch (error) {
      answer(response, 422, { message: String(error) });
    }
  });

  const list = (path: string, query: string, response: ServerResponse) => {
    const name = /metadata\.name%3D([^&]+)/.exec(query)?.[1];
    const items = [...api.objects].filter(([at]) => at.startsWith(`${path}/`) && (!name || at.endsWith(`/${name}`)));
    const asked = new URLSearchParams(query);
    const from = Number(asked.get('continue') ?? 0);
    const to = from + Number(asked.get('limit') ?? items.length);
    const metadata = { resourceVersion: `${version}`, ...(to < items.length ? { continue: `${to}` } : {}) };
    answer(response, 200, { metadata, items: items.slice(from, to).map(([, object]) => object) });
  };

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bounds = { connectMs: 500, callMs: 300, silenceMs: 5_000, bodyBytes: 1_000_000 };
  const client = kubeClient({ server: url, token: { read: () => 'sesame' } }, bounds);
  const api: ApiServer = {
    client,
    url,
    objects: new Map(),
    faults: [],
    calls: [],
    put(path, route) {
      const generation = api.objects.get(path)?.metadata.generation ?? 0;
      const isSame = JSON.stringify(api.objects.get(path)?.spec) === JSON.stringify(route.spec);
      save(path, { ...route, metadata: { ...route.metadata, generation: isSame ? generation : generation + 1 } });
    },
    watchers: [],
    isStatusLate: false,
    async close() {
      await client.close();
      server.closeAllConnections();
      server.close();
    },
  };
  return api;
}

function fail(response: ServerResponse, fault: Fault): void {
  if (fault === 'hang') return;
  if (fault === 'drop') return void response.destroy();
  if (fault === 'half') {
    response.writeHead(200, { 'content-length': '100' }).write('{"metadata":');
    setImmediate(() => response.destroy());
    return;
  }
  response
    .writeHead(fault.status, fault.headers)
    .end(fault.body ?? JSON.stringify({ message: `fault ${fault.status}` }));
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
