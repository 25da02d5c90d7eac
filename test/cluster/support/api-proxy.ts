/**
 * Stands between a server and the API server, plain HTTP in front and HTTPS behind, and answers in its place what a test wants it
 * to. On loopback only: what comes in carries the token of the account.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline as pipe } from 'node:stream/promises';
import { Agent, request } from 'undici';
import type { Room } from '../../support/room.ts';

export interface Asked {
  method: string;
  path: string;
  body: string;
}

/** No answer at all, or this one. */
export type Fault = 'hang' | { status: number; headers?: Record<string, string> };

export interface ApiProxy {
  /** A kubeconfig that leads through here. */
  kubeconfig: string;
  /** Asked before each call: what it meets in the place of the API server. */
  fault(asked: Asked): Fault | undefined;
  /** Calls that met a fault. */
  met: { asked: Asked; atMs: number }[];
}

/** @param kubeconfig of the account; JSON, as those of the tests are */
export async function apiProxy(room: Room, kubeconfig: string): Promise<ApiProxy> {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const { server: behind, 'certificate-authority-data': ca } = config.clusters[0].cluster;
  const dispatcher = new Agent({ connect: { ca: Buffer.from(ca, 'base64').toString() }, bodyTimeout: 0 });
  room.atEnd(() => dispatcher.destroy());

  async function forward(asked: Asked, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { host: _host, connection: _connection, 'content-length': _length, ...headers } = incoming.headers;
    const answer = await request(behind + asked.path, {
      method: asked.method as 'GET',
      dispatcher,
      headers: headers as Record<string, string>,
      body: asked.body === '' ? null : asked.body,
      signal: gone.signal,
    });
    const { 'transfer-encoding': _encoding, connection: _own, ...given } = answer.headers;
    response.writeHead(answer.statusCode, given as Record<string, string>);
    response.flushHeaders(); // a watch says nothing for a while
    await pipe(answer.body, response);
  }

  const front = createServer(async (incoming, response) => {
    const asked = { method: incoming.method ?? '', path: incoming.url ?? '', body: await textOf(incoming) };
    const fault = proxy.fault(asked);
    if (fault !== undefined) proxy.met.push({ asked, atMs: performance.now() });
    if (fault === 'hang') return;
    if (fault) refuse(fault, response);
    else await forward(asked, incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>(resolve => front.listen(0, '127.0.0.1', resolve));
  room.atEnd(() => {
    front.closeAllConnections();
    front.close();
  });

  const cluster = { server: `http://127.0.0.1:${(front.address() as AddressInfo).port}` };
  const proxy: ApiProxy = {
    kubeconfig: join(room.folder(), 'kubeconfig'),
    fault: () => undefined,
    met: [],
  };
  const through = { ...config, clusters: [{ ...config.clusters[0], cluster }] };
  writeFileSync(proxy.kubeconfig, JSON.stringify(through), { mode: 0o600 });
  return proxy;
}

/** As the API server words it. */
function refuse({ status, headers = {} }: Exclude<Fault, 'hang'>, response: ServerResponse): void {
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, message: `a fault of ${status}` };
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
