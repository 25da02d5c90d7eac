/**
 * The router: one file a group of routes, put together here, with the answers that they share: problem documents for what
 * goes wrong, 404 and 405, and a count of each request by the pattern of its route.
 */
import { Hono } from 'hono';
import { routePath } from 'hono/route';
import { SpillwayError } from '../errors.ts';
import { auditRoutes } from './audit.ts';
import { healthRoutes } from './health.ts';
import { pipelineRoutes } from './pipelines.ts';
import { PROBLEM_JSON, problemOf } from './problem.ts';
import { releaseRoutes } from './releases.ts';
import type { RouteContext, RouteDeps, RouteEnv } from './route-context.ts';
import { versionRoutes } from './versions.ts';

export interface AppDeps extends RouteDeps {
  /** For failures that are not the caller's. */
  onFault(error: unknown, what: { method: string; path: string }): void;
  /** Method and path of the routes that are served before the router, for 405. */
  rawRoutes: readonly { method: string; path: string }[];
}

export function app(deps: AppDeps): Hono<RouteEnv> {
  const { clock, instruments } = deps;
  const routes = new Hono<RouteEnv>();

  routes.use(async (c, next) => {
    const startedMs = clock.monotonicMs();
    await next();
    instruments.request(patternOf(routePath(c, -1)), c.res.status, clock.monotonicMs() - startedMs);
  });

  routes.route('/', healthRoutes(deps));
  routes.route('/api/v1/pipelines', pipelineRoutes(deps));
  routes.route('/api/v1/artifacts', versionRoutes(deps));
  routes.route('/api/v1/releases', releaseRoutes(deps));
  routes.route('/api/v1/audit', auditRoutes(deps));

  const methodsAt = methodsByPath([...routes.routes.filter(({ method }) => method !== 'ALL'), ...deps.rawRoutes]);

  // Answered, not thrown: an error of this one would pass by the middleware that counts.
  routes.notFound(c => {
    const { path, method } = c.req;
    const allowed = methodsAt(path);
    if (allowed.length === 0)
      return problemResponse(c, new SpillwayError('NOT_FOUND', `There is nothing at ${path.slice(0, 200)}.`));
    c.header('allow', allowed.join(', '));
    const detail = `${path} does not take ${method}; allowed: ${allowed.join(', ')}.`;
    return problemResponse(c, new SpillwayError('METHOD_NOT_ALLOWED', detail));
  });

  routes.onError((error, c) => {
    const response = problemResponse(c, error);
    if (response.status >= 500) deps.onFault(error, { method: c.req.method, path: c.req.path });
    return response;
  });

  return routes;
}

function problemResponse(c: RouteContext, error: unknown): Response {
  const problem = problemOf(error);
  return c.body(JSON.stringify(problem), problem.status as 400, { 'content-type': PROBLEM_JSON });
}

/** What no route took is counted as one, so that a scan of random paths makes no new series. */
function patternOf(path: string): string {
  return path === '' || path === '*' || path === '/*' ? 'unmatched' : path;
}

/** @returns the methods of the routes whose pattern fits a path; parameters (`:name`) take one segment */
function methodsByPath(routes: readonly { method: string; path: string }[]): (path: string) => string[] {
  const patterns = routes.map(({ method, path }) => ({
    method,
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/:[^/]+/g, '[^/]+')}$`),
  }));
  return path => [...new Set(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))].sort();
}
