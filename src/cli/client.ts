/**
 * Talks to a Spillway server for the commands: requests, and the stream of events. A problem document becomes the
 * SpillwayError that the server meant, so that a command fails the same here and there.
 */
import { sseParser } from '../../sdk/src/sse.ts';
import { readEnvironment } from '../config/environment.ts';
import { FAILURES, type FailureCode, type Problem, SpillwayError } from '../errors.ts';
import { announcedServer } from './announcement.ts';

export interface Client {
  url: string;
  get<T>(path: string): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** Calls back for each event until the signal aborts; reconnects, and then the whole state comes first. */
  events(onEvent: (event: string, data: unknown) => void, signal: AbortSignal): Promise<void>;
}

export interface ClientOptions {
  url: string;
  token?: string | undefined;
  actor: string;
}

export function client({ url, token, actor }: ClientOptions): Client {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new SpillwayError('USAGE', `"${url}" is not the address of a server.`, {
      hint: 'Give it as http://host:port.',
    });
  const base = url.replace(/\/+$/, '');
  const headers: Record<string, string> = {
    'spillway-actor': actor,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };

  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const withBody =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } };
    const response = await fetch(`${base}${path}`, { method, headers, ...withBody }).catch(cause => {
      throw new SpillwayError('SERVER_UNREACHABLE', `The server ${base} does not answer: ${reason(cause)}`, { cause });
    });
    const text = await response.text();
    if (!response.ok) throw failureOf(response.status, text, base);
    return (text === '' ? {} : JSON.parse(text)) as T;
  }

  return {
    url: base,
    get: path => call('GET', path),
    put: (path, body) => call('PUT', path, body),
    post: (path, body) => call('POST', path, body ?? {}),
    async events(onEvent, signal) {
      while (!signal.aborted) {
        try {
          const response = await fetch(`${base}/api/v1/events`, { headers, signal });
          if (!response.ok) throw failureOf(response.status, await response.text(), base);
          const parser = sseParser(message => onEvent(message.event, JSON.parse(message.data)));
          for await (const chunk of response.body!) parser.push(chunk);
        } catch (error) {
          if (signal.aborted) return;
          if (error instanceof SpillwayError) throw error;
        }
        await new Promise(resolve => setTimeout(resolve, 500));
      }
    },
  };
}

function failureOf(status: number, text: string, base: string): SpillwayError {
  try {
    const problem = JSON.parse(text) as {
      code?: string;
      detail?: string;
      title?: string;
      hint?: string;
      errors?: Problem[];
    };
    if (typeof problem.code !== 'string') throw new Error('no problem document of ours');
    const code = problem.code in FAILURES ? (problem.code as FailureCode) : 'INTERNAL';
    const hint = problem.hint === undefined ? {} : { hint: problem.hint };
    return new SpillwayError(code, problem.detail ?? problem.title ?? `HTTP ${status}`, {
      ...hint,
      problems: problem.errors ?? [],
    });
  } catch {
    const hint = 'Is this the address of a Spillway server? See --server.';
    return new SpillwayError('SERVER_UNREACHABLE', `${base} answered HTTP ${status}, not as a Spillway server does.`, {
      hint,
    });
  }
}

const reason = (cause: unknown) => {
  const inner = (cause as { cause?: { code?: string; message?: string } }).cause;
  return inner?.code ?? inner?.message ?? String(cause);
};

export interface WhereOptions {
  server?: string;
  data: string;
  /** PostgreSQL instead of a file in the data folder; may hold a password. */
  database?: string;
}

/** The named server, or the one that announced itself in the data folder and still answers; undefined when there is none. */
export async function findServer(where: WhereOptions, actor: string): Promise<Client | undefined> {
  const environment = readEnvironment();
  const named = where.server ?? environment.server;
  if (named !== undefined) return client({ url: named, token: environment.token, actor });
  const announced = announcedServer(where.data);
  if (!announced) return undefined;
  const found = client({ url: announced.url, token: announced.token ?? environment.token, actor });
  // A file left behind by a killed server is no server.
  return (await fetch(`${announced.url}/healthz`, { signal: AbortSignal.timeout(2_000) }).then(
    ok => ok.ok,
    () => false,
  ))
    ? found
    : undefined;
}

export async function requireServer(where: WhereOptions, actor: string): Promise<Client> {
  const found = await findServer(where, actor);
  if (found) return found;
  throw new SpillwayError('SERVER_UNREACHABLE', `No server is running on the data folder ${where.data}.`);
}
