/**
 * What went wrong with one call of the API server, and what a user is told about it. Told apart by status, because texts
 * change between versions. The server's own message is kept, cut short; headers, and so tokens, never are.
 */
import { SpillwayError } from '../errors.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete';

export interface Call {
  verb: Verb;
  path: string;
}

const SAID_MAX = 500;

/** Status 0: no answer at all, or not a whole one. */
export class Refusal extends Error {
  readonly call: Call;
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(
    call: Call,
    status: number,
    said: string,
    detail: { retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(said.length > SAID_MAX ? `${said.slice(0, SAID_MAX)}…` : said, { cause: detail.cause });
    this.call = call;
    this.status = status;
    this.retryAfterMs = detail.retryAfterMs;
  }

  /** The same call may succeed when it is made again. 409 and 422 are not here: they want a fresh look first. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** The `message` of a Status object, with its causes; else the text. */
export function saidIn(text: string): string {
  try {
    const { message, details } = JSON.parse(text) as {
      message?: string;
      details?: { causes?: { message?: string }[] };
    };
    const causes = (details?.causes ?? []).flatMap(cause => cause.message ?? []);
    const said = [message, ...causes.filter(cause => !message?.includes(cause))].filter(Boolean).join(': ');
    if (said !== '') return said;
  } catch {
    // Not from an API server: a proxy speaks HTML.
  }
  return text.replace(/\s+/g, ' ').trim() || '(no message)';
}

/** Seconds or a date, against the answer's own date. */
export function retryAfterMs(after: unknown, date: unknown): number | undefined {
  if (typeof after !== 'string' || after === '') return undefined;
  if (/^\d+$/.test(after)) return Number(after) * 1000;
  const gap = Date.parse(after) - (typeof date === 'string' ? Date.parse(date) : Number.NaN);
  return Number.isFinite(gap) ? Math.max(0, gap) : undefined;
}

/** For people. `what` is what was tried: "HTTPRoute shop/web was not given weight 25". */
export function asFailure(error: unknown, what: string): SpillwayError {
  if (error instanceof SpillwayError) return error;
  if (!(error instanceof Refusal)) return new SpillwayError('INTERNAL', `${what}: ${String(error)}`, { cause: error });
  // There were no credentials to ask with, and that says why.
  if (error.cause instanceof SpillwayError) return error.cause;
  const { status, call, message } = error;
  const detail = { cause: error };
  if (status === 403) {
    const rule = ruleFor(call);
    return new SpillwayError(
      'RIGHTS_MISSING',
      `${what}: the right to ${call.verb} is missing; add the rule ${rule}.`,
      detail,
    );
  }
  if (status === 401)
    return new SpillwayError('RIGHTS_MISSING', `${what}: the API server does not take the credentials.`, {
      ...detail,
      hint: 'Renew the token or the client certificate of the kubeconfig.',
    });
  if (status === 404)
    return new SpillwayError('NOT_FOUND', `${what}: it is not there (${message}).`, {
      ...detail,
      hint: 'Check namespace and name with `kubectl get`.',
    });
  if (error.isTransient) {
    const answer = status === 0 ? '' : ` ${status}`;
    return new SpillwayError('CLUSTER_UNREACHABLE', `${what}: the API server answers${answer} ${message}.`, detail);
  }
  return new SpillwayError('WEIGHT_REJECTED', `${what}: ${status} ${message}.`, detail);
}

/** As it stands in a Role, on one line. */
function ruleFor({ verb, path }: Call): string {
  const { group, resource } = resourceOf(path);
  return `{ apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"] }`;
}

/** `/apis/<group>/<version>[/namespaces/<namespace>]/<resource>[/<name>[/<subresource>]]`; the core group is below `/api`. */
function resourceOf(path: string): { group: string; resource: string } {
  const [, root, ...parts] = path.replace(/\?.*/, '').split('/');
  const group = root === 'apis' ? (parts.shift() ?? '') : '';
  const [, ...rest] = parts;
  const [plural = path, , subresource] = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  return { group, resource: subresource === undefined ? plural : `${plural}/${subresource}` };
}
