/** Versions of an artifact: immutable contents, named by their digest. */
import { Hono } from 'hono';
import { toTimestamp } from '../clock.ts';
import type { Json } from '../config/plan.ts';
import type { VersionRow } from '../store/store.ts';
import { parseRequest, VersionBody, type WireVersion } from './contract.ts';
import { readPromptSpec } from './prompt-spec.ts';
import { actorOf, jsonOf, type RouteDeps, type RouteEnv } from './route-context.ts';

export function versionRoutes({ store, clock }: RouteDeps): Hono<RouteEnv> {
  const routes = new Hono<RouteEnv>();

  routes.get('/:name/versions', async c => {
    const rows = await store.listVersions(c.req.param('name'));
    return c.json({ versions: rows.map(toWireVersion) as unknown as Json });
  });

  routes.post('/:name/versions', async c => {
    const artifact = c.req.param('name');
    const { spec, version } = readPromptSpec(artifact, parseRequest(VersionBody, jsonOf(c)).spec);
    const row = {
      artifact,
      version,
      spec: spec as unknown as Json,
      createdAt: clock.nowMs(),
      createdBy: actorOf(c),
      heldBy: null,
    };
    const { created } = await store.putVersion(row);
    return c.json({ version }, created ? 201 : 200);
  });

  return routes;
}

function toWireVersion(row: VersionRow): WireVersion {
  const { version, spec, createdAt, createdBy, heldBy } = row;
  return { version, spec, createdAt: toTimestamp(createdAt), createdBy, heldBy };
}
