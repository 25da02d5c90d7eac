/**
 * What every group of routes is given, and how a route reads a request. The body was read, within its limit, before the
 * router was asked; a route never touches the socket.
 */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Clock } from '../clock.ts';
import type { Controller } from '../controller/face.ts';
import { SpillwayError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { parseJson } from './body.ts';
import type { Once } from './idempotency.ts';
import type { Instruments } from './instruments.ts';

export interface RouteDeps {
  controller: Controller;
  store: Store;
  clock: Clock;
  once: Once;
  instruments: Instruments;
  /** False while the engine has not read its journal yet, and once the server is stopping. */
  isReady: () => boolean;
}

export type RouteEnv = { Bindings: HttpBindings };
export type RouteContext = Context<RouteEnv>;

export function bodyOf(c: RouteContext): Buffer {
  const { rawBody } = c.env.incoming as { rawBody?: Buffer };
  return rawBody ?? Buffer.alloc(0);
}

/** An absent body is an empty object: commands mostly need none. */
export function jsonOf(c: RouteContext): unknown {
  const body = bodyOf(c);
  return body.length === 0 ? {} : parseJson(body);
}

/** Each query parameter once. @throws SpillwayError REQUEST_INVALID when one is given twice */
export function queryOf(c: RouteContext): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, values] of Object.entries(c.req.queries())) {
    if (values.length > 1)
      throw new SpillwayError('REQUEST_INVALID', `Query parameter \`${name}\` is given ${values.length} times.`);
    query[name] = values[0] ?? '';
  }
  return query;
}

/** Who asks, for the audit: the token proves the right to ask, the name is what the client says of itself. */
export function actorOf(c: RouteContext): string {
  const named = c.req.header('spillway-actor');
  if (named === undefined) return 'api';
  if (!/^[\x20-\x7e]{1,128}$/.test(named))
    throw new SpillwayError('REQUEST_INVALID', 'Spillway-Actor must be 1 to 128 printable ASCII characters.');
  return `api:${named}`;
}
