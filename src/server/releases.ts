/** Releases: start one, look, and the commands that people give. Every change is the controller's; nothing is decided here. */
import { Hono } from 'hono';
import type { z } from 'zod';
import type { Json } from '../config/plan.ts';
import type { ReleaseRequest } from '../controller/face.ts';
import { WHOLE } from '../controller/test-work.ts';
import { SpillwayError } from '../errors.ts';
import type { Command } from '../rollout/command.ts';
import type { Release } from '../rollout/release.ts';
import {
  ApproveBody,
  CancelBody,
  PauseBody,
  PromoteBody,
  parseRequest,
  ReleaseBody,
  ReleasesQuery,
  ResumeBody,
  RollbackBody,
  toWire,
} from './contract.ts';
import type { Answer } from './idempotency.ts';
import { readPromptSpec } from './prompt-spec.ts';
import { actorOf, bodyOf, jsonOf, queryOf, type RouteContext, type RouteDeps, type RouteEnv } from './route-context.ts';

/** A second one changes nothing, or finds the release ended. */
const TOWARDS_SAFETY = ['rollback', 'cancel', 'pause'];

export function releaseRoutes({ controller, store, once }: RouteDeps): Hono<RouteEnv> {
  const routes = new Hono<RouteEnv>();

  async function answerOnce(c: RouteContext, mayRepeat: boolean, act: () => Promise<Answer>): Promise<Response> {
    const { method, path } = c.req;
    const key = c.req.header('idempotency-key');
    const request = { key, method, path, body: bodyOf(c).toString('utf8'), mayRepeat };
    const { status, body } = await once(request, act);
    return c.json(body, status as 200);
  }

  function command<Schema extends z.ZodType>(
    name: string,
    schema: Schema,
    read: (body: z.output<Schema>, actor: string) => Command,
  ): void {
    routes.post(`/:id/${name}`, c => {
      const wanted = read(parseRequest(schema, jsonOf(c)), actorOf(c));
      return answerOnce(c, TOWARDS_SAFETY.includes(name), async () =>
        wire(200, await controller.command(c.req.param('id'), wanted)),
      );
    });
  }

  routes.post('/', c => {
    const { pipeline, spec, version, force } = parseRequest(ReleaseBody, jsonOf(c));
    const request: ReleaseRequest = { pipeline, actor: actorOf(c) };
    if (spec !== undefined) request.spec = readPromptSpec('prompt', spec).spec;
    if (version !== undefined) request.version = version;
    if (force !== undefined) request.force = force;
    return answerOnce(c, false, async () => wire(201, await controller.createRelease(request)));
  });

  routes.get('/', async c => {
    const query = parseRequest(ReleasesQuery, queryOf(c));
    const page = await controller.releases(query as Parameters<typeof controller.releases>[0]);
    return c.json({ releases: page.releases.map(toWire), next: page.next ?? null });
  });

  async function releaseOf(c: RouteContext): Promise<Release> {
    const id = c.req.param('id') ?? '';
    const release = await controller.release(id);
    if (!release) throw new SpillwayError('NOT_FOUND', `There is no release \`${id}\`.`);
    return release;
  }

  routes.get('/:id', async c => c.json(toWire(await releaseOf(c)) as unknown as Json));

  routes.get('/:id/tests', async c => {
    const { id } = await releaseOf(c);
    const runs = await store.getTestRuns(id);
    // The engine's own row beside the suites' is no report.
    const reports = runs.filter(({ suite }) => suite !== WHOLE);
    return c.json({ tests: reports.map(({ suite, document }) => ({ suite, document })) });
  });

  command('promote', PromoteBody, ({ full, fromStage }, actor) => ({
    kind: 'promote',
    full,
    actor,
    ...(fromStage === undefined ? {} : { fromStage }),
  }));
  command('pause', PauseBody, ({ reason }, actor) => ({ kind: 'pause', actor, ...(reason ? { reason } : {}) }));
  command('resume', ResumeBody, (_body, actor) => ({ kind: 'resume', actor }));
  command('rollback', RollbackBody, ({ reason }, actor) => ({ kind: 'rollback', reason, actor }));
  command('cancel', CancelBody, ({ reason }, actor) => ({ kind: 'cancel', actor, ...(reason ? { reason } : {}) }));

  command('approve', ApproveBody, ({ comment }, actor) => ({
    kind: 'approve',
    actor,
    ...(comment === undefined ? {} : { comment }),
  }));

  return routes;
}

function wire(status: number, release: Release): Answer {
  return { status, body: toWire(release) as unknown as Json };
}
