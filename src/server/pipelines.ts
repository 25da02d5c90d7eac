/**
 * Pipelines: registered by the command line or a Git job, together with the files that they name, so that a release needs
 * no disk. All of it is checked here and kept as the engine reads it; a running release keeps the plan it began with.
 */
import { Hono } from 'hono';
import { toTimestamp } from '../clock.ts';
import { digestOf } from '../config/digest.ts';
import { promptOf, readPipelineBundle } from '../config/load.ts';
import type { Json } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import type { PipelineRow } from '../store/store.ts';
import { BundleBody, parseRequest, type WirePipeline } from './contract.ts';
import { actorOf, jsonOf, type RouteDeps, type RouteEnv } from './route-context.ts';

export function pipelineRoutes({ store, clock }: RouteDeps): Hono<RouteEnv> {
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

  routes.put('/:name', async c => {
    const given = bundleOf(jsonOf(c));
    const bundle = readPipelineBundle(given);
    const { document, plan, suites } = bundle;
    const prompt = promptOf(bundle);
    const name = c.req.param('name');
    if (plan.name !== name) throw misnamed(name, plan.name);
    const nowMs = clock.nowMs();
    const { version } = prompt;
    const spec = prompt.spec as unknown as Json;
    // The version first: a pipeline that stands without its prompt could start a release of nothing.
    await store.putVersion({
      artifact: prompt.name,
      version,
      spec,
      createdAt: nowMs,
      createdBy: actorOf(c),
      heldBy: null,
    });
    const row: PipelineRow = {
      name,
      artifact: prompt.name,
      document: document as unknown as Json,
      bundle: { plan, prompt, suites } as unknown as Json,
      digest: digestOf(given as unknown as Json),
      updatedAt: nowMs,
    };
    const { created } = await store.putPipeline(row);
    return c.json({ ...toWirePipeline(row), version } as unknown as Json, created ? 201 : 200);
  });

  return routes;
}

/** The body is the document itself, or the document with the files it names. */
function bundleOf(body: unknown): { document: unknown; files: Record<string, string> } {
  const isBundle = typeof body === 'object' && body !== null && 'document' in body;
  return isBundle ? parseRequest(BundleBody, body) : { document: body, files: {} };
}

function misnamed(inPath: string, inDocument: string): SpillwayError {
  const message = `is \`${inDocument}\`, and the path says \`${inPath}\``;
  return new SpillwayError('REQUEST_INVALID', `The name of the pipeline ${message}.`, {
    problems: [{ path: 'metadata.name', message }],
    hint: 'Put it under its own name.',
  });
}

function toWirePipeline(row: Omit<PipelineRow, 'bundle'>): WirePipeline {
  const { name, artifact, document, digest, updatedAt } = row;
  return { name, artifact, document, digest, updatedAt: toTimestamp(updatedAt) };
}
