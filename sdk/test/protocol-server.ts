/**
 * A real HTTP server that speaks the SDK's protocol and does what a test tells it: it keeps assignments, pushes them,
 * takes outcomes, and can answer wrongly, break connections or go away.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Assignment } from '../src/protocol.ts';

interface ReceivedBatch {
  client: string;
  sequence: number;
  outcomes: Record<string, unknown>[];
}

export interface ProtocolServer {
  url: string;
  port: number;
  /** Sent whole to every new stream. */
  assignments: Map<string, Assignment>;
  /** Of every stream request that came. */
  streamRequests: { headers: IncomingMessage['headers'] }[];
  /** How many streams are open. */
  openStreams(): number;
  /** Keeps it and sends it to all open streams. */
  push(assignment: Assignment): void;
  /** Sends one event to all open streams. */
  send(event: string, data: unknown): void;
  /** Sends bytes as they are to all open streams. */
  sendRaw(text: string): void;
  /** Ends the open streams, as a server that shuts down does. */
  endStreams(): void;
  /** Bodies of outcome requests, as they came, repeats included. */
  bodies: string[];
  batches(): ReceivedBatch[];
  /** Instead of the usual answers. */
  onStream: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  onOutcomes: ((response: ServerResponse, body: string) => void) | undefined;
  close(): Promise<void>;
}

export async function startServer(port = 0): Promise<ProtocolServer> {
  const streams = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  const http = createServer((request, response) => {
    if (request.url?.endsWith('/api/v1/assignments')) openStream(request, response);
    else if (request.url?.endsWith('/api/v1/outcomes')) takeOutcomes(request, response);
    else response.writeHead(404).end();
  });
  http.on('connection', socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });

  function openStream(request: IncomingMessage, response: ServerResponse) {
    server.streamRequests.push({ headers: request.headers });
    if (server.onStream) return server.onStream(request, response);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    streams.add(response);
    response.on('close', () => streams.delete(response));
    for (const assignment of server.assignments.values()) response.write(frame('assignment', assignment));
    response.write(frame('synced', { at: '2026-01-01T00:00:00.000Z' }));
  }

  function takeOutcomes(request: IncomingMessage, response: ServerResponse) {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', chunk => {
      body += chunk;
    });
    request.on('end', () => {
      server.bodies.push(body);
      if (server.onOutcomes) return server.onOutcomes(response, body);
      accept(response, body);
    });
  }

  const server: ProtocolServer = {
    url: '',
    port: 0,
    assignments: new Map(),
    streamRequests: [],
    openStreams: () => streams.size,
    push(assignment) {
      server.assignments.set(assignment.artifact, assignment);
      server.send('assignment', assignment);
    },
    send: (event, data) => server.sendRaw(frame(event, data)),
    sendRaw(text) {
      for (const stream of streams) stream.write(text);
    },
    endStreams() {
      for (const stream of streams) stream.end();
    },
    bodies: [],
    batches: () => server.bodies.map(body => JSON.parse(body)),
    onStream: undefined,
    onOutcomes: undefined,
    close: () =>
      new Promise(resolve => {
        http.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  await new Promise<void>(resolve => http.listen(port, '127.0.0.1', resolve));
  server.port = (http.address() as AddressInfo).port;
  server.url = `http://127.0.0.1:${server.port}`;
  return server;
}

export function accept(response: ServerResponse, body: string): void {
  const { outcomes } = JSON.parse(body) as ReceivedBatch;
  response.writeHead(202, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ accepted: outcomes.length, rejected: [] }));
}

export function frame(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

export const BASELINE = { version: 'sha256:base', value: { template: 'old {{q}}' } };
export const CANDIDATE = { version: 'sha256:cand', value: { template: 'new {{q}}' } };

/** A running split of `support-bot`. */
export function split(weight: number, epoch: number): Assignment {
  return {
    artifact: 'support-bot',
    salt: 'rel_7f3a',
    releaseId: 'rel_7f3a',
    weight,
    epoch,
    baseline: BASELINE,
    candidate: CANDIDATE,
  };
}

/** One version that serves alone. */
export function settled(arm: typeof BASELINE, epoch: number): Assignment {
  return { artifact: 'support-bot', salt: '', weight: 0, epoch, baseline: arm };
}
