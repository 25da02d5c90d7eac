/**
 * The first to see a request. Guards it, reads its body within the limit, serves the hot routes (outcomes, OFREP) and the
 * streams on the raw request, and hands the rest to the router: a router's request and response objects cost more than
 * these routes' own work.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { SpillwayError } from '../errors.ts';
import type { OutcomeIntake } from '../metrics/intake.ts';
import { readOutcomeRequest } from '../metrics/outcome.ts';
import type { AssignmentStream } from './assignments.ts';
import { hasUnreadBody, MAX_BODY_BYTES, MAX_BUNDLE_BYTES, parseJson, readBody } from './body.ts';
import type { EventFeed } from './events.ts';
import type { Guard } from './guard.ts';
import type { Instruments } from './instruments.ts';
import { type Ofrep, type OfrepReply, ofrepFailure } from './ofrep.ts';
import { OVERLOADED, PROBLEM_JSON } from './problem.ts';
import { sendProblem, sendText } from './reply.ts';

const OUTCOMES = '/api/v1/outcomes';
const EVENTS = '/api/v1/events';
const ASSIGNMENTS = '/api/v1/assignments';
const FLAGS = '/ofrep/v1/evaluate/flags';
const FLAG = `${FLAGS}/:key`;

export const RAW_ROUTES = [
  { method: 'POST', path: OUTCOMES },
  { method: 'GET', path: EVENTS },
  { method: 'GET', path: ASSIGNMENTS },
  { method: 'POST', path: FLAGS },
  { method: 'POST', path: FLAG },
];

interface ListenerDeps {
  clock: Clock;
  guard: Guard;
  intake: Pick<OutcomeIntake, 'submit'>;
  ofrep: Ofrep;
  events: EventFeed;
  assignments: AssignmentStream;
  instruments: Instruments;
  router: (req: IncomingMessage, res: ServerResponse) => unknown;
  isStopping: () => boolean;
  onFault(error: unknown, what: { method: string; path: string }): void;
}

type Listener = (req: IncomingMessage, res: ServerResponse) => void;

export function listener(deps: ListenerDeps): Listener {
  function admit(req: IncomingMessage, path: string): void {
    const refused = deps.guard(req, path);
    if (refused) throw refused;
    if (deps.isStopping() && path !== '/healthz') throw new SpillwayError('SHUTTING_DOWN', 'The server is stopping.');
  }

  async function serve(
    req: IncomingMessage,
    res: ServerResponse,
    path: string,
    raw: string | undefined,
  ): Promise<void> {
    admit(req, path);
    if (raw === EVENTS) return deps.events.open(req, res);
    if (raw === ASSIGNMENTS) return deps.assignments.open(req, res);
    if (req.method === 'GET' || req.method === 'HEAD') {
      await deps.router(req, res);
      return;
    }
    const body = await readBody(req, bodyLimit(req.method, path));
    if (raw === OUTCOMES) return takeOutcomes(deps.intake, body, res);
    if (raw === FLAG) return sendOfrep(res, deps.ofrep.evaluate(keyOf(path), body));
    if (raw === FLAGS) return sendOfrep(res, deps.ofrep.evaluateAll(body, req.headers['if-none-match']));
    // The router's adapter takes a body that was read already from here.
    Object.assign(req, { rawBody: body });
    await deps.router(req, res);
  }

  return (req, res) => {
    const { clock, instruments } = deps;
    const startedMs = clock.monotonicMs();
    const path = pathOf(req.url ?? '/');
    const raw = rawRouteOf(req.method, path);
    serve(req, res, path, raw)
      .catch((error: unknown) => {
        if (!(error instanceof SpillwayError) || error.status >= 500)
          deps.onFault(error, { method: req.method ?? '', path });
        if (raw === FLAG || raw === FLAGS) refuseOfrep(req, res, error);
        else sendProblem(req, res, error);
        // The router counts its own; what was refused before it has no pattern.
        if (raw === undefined) instruments.request('refused', res.statusCode);
      })
      .finally(() => {
        if (raw === undefined) return;
        const isStream = raw === EVENTS || raw === ASSIGNMENTS;
        instruments.request(raw, res.statusCode, isStream ? undefined : clock.monotonicMs() - startedMs);
      });
  };
}

function bodyLimit(method: string | undefined, path: string): number {
  return method === 'PUT' && path.startsWith('/api/v1/pipelines/') ? MAX_BUNDLE_BYTES : MAX_BODY_BYTES;
}

/** The pattern of the route when it is one of those served here. */
function rawRouteOf(method: string | undefined, path: string): string | undefined {
  if (method === 'POST') {
    if (path === OUTCOMES || path === FLAGS) return path;
    return path.startsWith(`${FLAGS}/`) ? FLAG : undefined;
  }
  return method === 'GET' && (path === EVENTS || path === ASSIGNMENTS) ? path : undefined;
}

async function takeOutcomes(intake: ListenerDeps['intake'], body: Buffer, res: ServerResponse): Promise<void> {
  const answer = await intake.submit(readOutcomeRequest(parseJson(body)));
  if (answer === 'overloaded') {
    res.setHeader('retry-after', '1');
    sendText(res, OVERLOADED.status, PROBLEM_JSON, JSON.stringify(OVERLOADED));
  } else sendText(res, 202, 'application/json', JSON.stringify(answer));
}

function sendOfrep(res: ServerResponse, reply: OfrepReply): void {
  if (reply.etag !== undefined) res.setHeader('etag', reply.etag);
  if (reply.status === 304) res.writeHead(304).end();
  else sendText(res, reply.status, 'application/json', reply.body);
}

/** OFREP's clients read only its own error shape; 401 they know by the status. */
function refuseOfrep(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  const isOwnShape = error instanceof SpillwayError && error.status !== 401 && !hasUnreadBody(req) && !res.headersSent;
  if (isOwnShape) sendOfrep(res, ofrepFailure(error.status, error.message));
  else sendProblem(req, res, error);
}

function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

function keyOf(path: string): string {
  const key = path.slice(FLAGS.length + 1);
  if (!key.includes('%')) return key;
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
