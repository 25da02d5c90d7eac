/**
 * Puts the server together and binds it: guard, hot routes, streams, router. Binds 127.0.0.1 unless told otherwise. It
 * owns sockets and nothing else: the controller, the store and the registry are made, started and closed by the caller.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Clock } from '../clock.ts';
import type { Controller } from '../controller/face.ts';
import { SpillwayError } from '../errors.ts';
import type { OutcomeIntake } from '../metrics/intake.ts';
import type { Store } from '../store/store.ts';
import { app } from './app.ts';
import { type AssignmentSource, assignmentStream } from './assignments.ts';
import { drainable } from './drain.ts';
import { eventFeed } from './events.ts';
import { guard, requireTokenFor } from './guard.ts';
import { once } from './idempotency.ts';
import { instruments as makeInstruments } from './instruments.ts';
import { listener, RAW_ROUTES } from './listener.ts';
import { ofrep } from './ofrep.ts';

/** What is used of a logger; pino has it. */
interface ServerLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ServerOptions {
  controller: Controller;
  registry: AssignmentSource;
  store: Store;
  intake: OutcomeIntake;
  clock: Clock;
  log: ServerLog;
  /** Default 127.0.0.1. Any address that others can reach needs a token. */
  host?: string;
  /** 0 for a free one. */
  port: number;
  token?: string | undefined;
  /** For /readyz: true once the controller has started. Default: always. */
  isReady?: () => boolean;
}

export interface RunningServer {
  /** With the port that was bound. */
  url: string;
  port: number;
  /** Stops accepting, ends the streams, lets requests in flight finish for up to 5 s. Idempotent. */
  close(): Promise<void>;
}

const GRACE_MS = 5_000;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;

/** @throws SpillwayError TOKEN_REQUIRED, ADDRESS_IN_USE */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { clock, log, host = '127.0.0.1', token } = options;
  requireTokenFor(host, token);
  let isStopping = false;
  const parts = assemble({ ...options, host }, () => isStopping);
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    parts.listen,
  );
  const drain = drainable(server, clock);
  try {
    await bind(server, host, options.port);
  } catch (error) {
    parts.endStreams();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  log.info({ url }, 'listening');
  await parts
    .showActive()
    .catch((error: unknown) => log.error({ err: error }, 'the active releases could not be read'));

  async function shutDown(): Promise<void> {
    isStopping = true;
    const drained = drain(GRACE_MS);
    parts.endStreams();
    await drained;
  }
  let closing: Promise<void> | undefined;
  return {
    url,
    port,
    close: () => {
      closing ??= shutDown();
      return closing;
    },
  };
}

interface Parts {
  listen: (req: IncomingMessage, res: ServerResponse) => void;
  /** Releases that were active before this server began are in the metrics from its start. */
  showActive(): Promise<void>;
  endStreams(): void;
}

function assemble(options: ServerOptions & { host: string }, isStopping: () => boolean): Parts {
  const { controller, registry, store, intake, clock, log, host, token, isReady = () => true } = options;
  const instruments = makeInstruments({
    load: () => controller.load(),
    outcomes: () => intake.counts(),
    streams: () => assignments.size() + events.size(),
  });
  const streams = { clock, onCut: instruments.streamCut };
  const assignments = assignmentStream(registry, streams);
  const events = eventFeed(controller, streams);
  const unsubscribe = controller.onEvent(event => instruments.observe(event));
  const onFault = (error: unknown, what: { method: string; path: string }) =>
    log.error({ err: error, ...what }, 'a request failed');
  const routes = app({
    controller,
    store,
    clock,
    instruments,
    once: once(store, clock),
    isReady: () => isReady() && !isStopping(),
    onFault,
    rawRoutes: RAW_ROUTES,
  });
  const router = getRequestListener(routes.fetch, { overrideGlobalObjects: false, autoCleanupIncoming: false });
  return {
    listen: listener({
      clock,
      guard: guard({ host, token }),
      intake,
      ofrep: ofrep(registry),
      events,
      assignments,
      instruments,
      router,
      isStopping,
      onFault,
    }),
    async showActive() {
      const { releases } = await controller.releases({ active: true, limit: 1_000 });
      for (const release of releases) instruments.observe({ type: 'release', release });
    },
    endStreams() {
      unsubscribe();
      events.close();
      assignments.close();
    },
  };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      reject(new SpillwayError('ADDRESS_IN_USE', `Port ${port} on ${host} is in use.`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}
