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

export interface ListenerDeps {
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

export type Listener = (req: IncomingMessage, res: ServerResponse) => void;

export function listener(deps: ListenerDeps): Listener {
  async function serve(req: IncomingMessage, res: ServerResponse, path: string): Promise<string | undefined> {
    const refused = deps.guard(req, path);
    if (refused) throw refused;
    if (deps.isStopping() && path !== '/healthz') throw new SpillwayError('SHUTTING_DOWN', 'The server is stopping.');
    const { method } = req;
    if (method === 'GET' || method === 'HEAD') {
      if (method === 'GET' && path === EVENTS) return void (await deps.events.open(req, res));
      if (method === 'GET' && path === ASSIGNMENTS) return void deps.assignments.open(req, res);
      return void (await deps.router(req, res));
    }
    const limit = method === 'PUT' && path.startsWith('/api/v1/pipelines/') ? MAX_BUNDLE_BYTES : MAX_BODY_BYTES;
    const body = await readBody(req, limit);
    if (method === 'POST') {
      if (path === OUTCOMES) return takeOutcomes(deps.intake, body, res);
      if (path === FLAGS) {
        const header = req.headers['if-none-match'];
        return sendOfrep(res, deps.ofrep.evaluateAll(body, header), FLAGS);
      }
      if (path.startsWith(`${FLAGS}/`)) return sendOfrep(res, deps.ofrep.evaluate(keyOf(path), body), FLAG);
    }
    // The router's adapter takes a body that was read already from here.
    Object.assign(req, { rawBody: body });
    return void (await deps.router(req, res));
  }

  return (req, res) => {
    const startedMs = deps.clock.monotonicMs();
    const path = pathOf(req.url ?? '/');
    const count = (route: string) =>
      deps.instruments.request(route, res.statusCode, deps.clock.monotonicMs() - startedMs);
    serve(req, res, path).then(
      route => route !== undefined && count(route),
      (error: unknown) => {
        if (!(error instanceof SpillwayError) || error.status >= 500)
          deps.onFault(error, { method: req.method ?? '', path });
        if (path.startsWith(FLAGS)) refuseOfrep(req, res, error);
        else sendProblem(req, res, error);
        count('refused');
      },
    );
  };
}

async function takeOutcomes(intake: ListenerDeps['intake'], body: Buffer, res: ServerResponse): Promise<string> {
  const answer = await intake.submit(readOutcomeRequest(parseJson(body)));
  if (answer === 'overloaded') {
    res.setHeader('retry-after', '1');
    sendText(res, OVERLOADED.status, PROBLEM_JSON, JSON.stringify(OVERLOADED));
  } else sendText(res, 202, 'application/json', JSON.stringify(answer));
  return OUTCOMES;
}

function sendOfrep(res: ServerResponse, reply: OfrepReply, route: string): string {
  if (reply.etag !== undefined) res.setHeader('etag', reply.etag);
  if (reply.status === 304) res.writeHead(304).end();
  else sendText(res, reply.status, 'application/json', reply.body);
  return route;
}

/** OFREP's clients read only its own error shape; 401 they know by the status. */
function refuseOfrep(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  const isOwnShape = error instanceof SpillwayError && error.status !== 401 && !hasUnreadBody(req) && !res.headersSent;
  if (isOwnShape) sendOfrep(res, ofrepFailure(error.status, error.message), FLAG);
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
