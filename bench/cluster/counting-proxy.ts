/**
 * A proxy on loopback in front of the API server that counts what goes by, by verb and resource. It speaks plain HTTP to the
 * server under measurement, so memory is measured without it. Changes nothing of what passes.
 */
import { createServer } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Access } from '../../test/cluster/client/api.ts';

export interface CountingProxy {
  url: string;
  /** Since the start or the last call of it: `patch httproutes` and how often. */
  take(): Map<string, number>;
  /** Watches that are open now. */
  watches(): number;
  close(): Promise<void>;
}

const VERBS: Record<string, string> = { POST: 'create', PATCH: 'patch', PUT: 'update', DELETE: 'delete' };

export async function countingProxy({ server, ca }: Access): Promise<CountingProxy> {
  const agent = new Agent({ ca, keepAlive: true });
  let counts = new Map<string, number>();
  let open = 0;
  const proxy = createServer((incoming, answer) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const name = callOf(method, url);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const isWatch = name.startsWith('watch');
    if (isWatch) open += 1;
    const outgoing = request(
      server + url,
      { method, agent, headers: { ...headers, host: new URL(server).host } },
      got => {
        answer.writeHead(got.statusCode ?? 502, got.headers);
        answer.flushHeaders();
        got.pipe(answer);
      },
    );
    outgoing.once('error', () => answer.destroy());
    answer.once('close', () => {
      outgoing.destroy();
      if (isWatch) open -= 1;
    });
    incoming.pipe(outgoing);
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    take() {
      const taken = counts;
      counts = new Map();
      return taken;
    },
    watches: () => open,
    async close() {
      proxy.closeAllConnections();
      await new Promise(resolve => proxy.close(resolve));
      agent.destroy();
    },
  };
}

/** `patch pipelines/status`, `watch pods`, `get deployments`. */
function callOf(method: string, url: string): string {
  const { pathname, searchParams } = new URL(url, 'http://api');
  const parts = pathname.split('/').filter(Boolean);
  const below = parts.slice(parts[0] === 'api' ? 2 : 3);
  const [resource = '', name, sub] = below[0] === 'namespaces' && below.length > 2 ? below.slice(2) : below;
  const what = sub === undefined ? resource : `${resource}/${sub}`;
  if (method !== 'GET') return `${VERBS[method] ?? method} ${what}`;
  if (searchParams.has('watch')) return `watch ${what}`;
  return `${name === undefined ? 'list' : 'get'} ${what}`;
}
