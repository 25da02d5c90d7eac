/** Pipelines: registered by the command line or a Git job, with the files that they name, so that a release needs no disk. */
import { Hono } from 'hono';
import { toTimestamp } from '../clock.ts';
import type { Json } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import type { PipelineRow } from '../store/store.ts';
import type { WirePipeline } from './contract.ts';
import type { RouteDeps, RouteEnv } from './route-context.ts';

export function pipelineRoutes({ store }: RouteDeps): Hono<RouteEnv> {
  const routes = new Hono<RouteEnv>();

  routes.get('/', async c => {
    const rows = await store.listPipelines();
    return c.json({ pipelines: rows.map(toWirePipeline) as unknown as Json });
  });

  routes.get('/:name', async c => {
    const name = c.req.param('name');
    const row = await store.getPipeline(name);
    if (!row) throw new SpillwayError('NOT_FOUND', `There is no pipeline \`${name}\`.`);
    return c.json(toWirePipeline(row) as unknown as Json);
  });

  return routes;
}

function toWirePipeline(row: PipelineRow): WirePipeline {
  const { name, artifact, document, digest, updatedAt } = row;
  return { name, artifact, document, digest, updatedAt: toTimestamp(updatedAt) };
}
