/**
 * Liveness, readiness, metrics, and what the interface is. Alive means that the process answers; ready means that it can do its work: the store
 * answers, the rollback journal was read, and it is not on its way out.
 */
import { Hono } from 'hono';
import { asSpillwayError, SpillwayError } from '../errors.ts';
import { openApiDocument } from './openapi.ts';
import type { RouteDeps, RouteEnv } from './route-context.ts';

export function healthRoutes({ store, instruments, isReady }: RouteDeps): Hono<RouteEnv> {
  const routes = new Hono<RouteEnv>();
  let pinging: Promise<void> | undefined;

  /** A ping is a write, and anyone may ask for it: those who ask meanwhile share its answer. */
  function ping(): Promise<void> {
    pinging ??= store.ping().finally(() => {
      pinging = undefined;
    });
    return pinging;
  }

  routes.get('/healthz', c => c.json({ status: 'ok' }));

  routes.get('/readyz', async c => {
    if (!isReady())
      throw new SpillwayError('SHUTTING_DOWN', 'The server is not ready: it is starting or stopping.', {
        hint: 'Wait until /readyz answers 200.',
      });
    await ping().catch((error: unknown) => {
      throw asSpillwayError(error, 'STORE_UNAVAILABLE');
    });
    return c.json({ status: 'ready' });
  });

  routes.get('/metrics', async c => {
    const { type, text } = await instruments.scrape();
    return c.body(text, 200, { 'content-type': type });
  });

  let document: object | undefined;
  routes.get('/openapi.json', c => {
    document ??= openApiDocument();
    return c.json(document);
  });

  return routes;
}
