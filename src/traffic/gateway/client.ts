/**
 * The API server over HTTPS: read, patch, list and watch, one attempt a call, every wait and every body with a bound. Several
 * times as fast as Kubernetes' own client, and small enough to know what a rollback waits for. Retries are the caller's.
 */
import { Agent, type Dispatcher, request } from 'undici';
import type { Access } from './access.ts';
import { FIELD_MANAGER } from './object.ts';
import type { Operation } from './patch.ts';
import { type Call, Refusal, retryAfterMs, saidIn } from './refusal.ts';

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

export interface ListOf<T> {
  metadata: { resourceVersion: string };
  items: T[];
}

export interface KubeClient {
  /** @throws Refusal for every answer that is not 2xx, and for none */
  get<T>(path: string): Promise<T>;
  list<T>(path: string): Promise<ListOf<T>>;
  /** JSON Patch, in the name of our field manager. The whole object comes back. */
  patch<T>(path: string, operations: readonly Operation[]): Promise<T>;
  /** `path` with its query. Ends when the server ends it; throws Refusal when it breaks. */
  watch<T>(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent<T>>;
  close(): Promise<void>;
}

export interface Bounds {
  connectMs: number;
  /** Of one call, from its start to the end of its body. */
  callMs: number;
  /** Bookmarks come about once a minute: a watch that is silent for longer has lost its server. */
  silenceMs: number;
  bodyBytes: number;
}

/** A call that hangs must leave room for several others within a rollback's 15 s. */
export const BOUNDS: Bounds = { connectMs: 1_500, callMs: 3_000, silenceMs: 90_000, bodyBytes: 16 * 1024 * 1024 };

export function kubeClient(access: Access, bounds: Bounds = BOUNDS): KubeClient {
  const dispatcher = new Agent({
    connect: {
      timeout: bounds.connectMs,
      ...(access.ca === undefined ? {} : { ca: access.ca }),
      ...(access.cert === undefined ? {} : { cert: access.cert }),
      ...(access.key === undefined ? {} : { key: access.key }),
      ...(access.serverName === undefined ? {} : { servername: access.serverName }),
      ...(access.isUnverified ? { rejectUnauthorized: false } : {}),
    },
    headersTimeout: bounds.callMs,
    bodyTimeout: bounds.silenceMs,
  });

  async function open(call: Call, more: { body?: string; signal: AbortSignal }): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (access.token) headers['authorization'] = `Bearer ${access.token()}`;
    if (more.body !== undefined) headers['content-type'] = 'application/json-patch+json';
    const method = call.verb === 'patch' ? 'PATCH' : 'GET';
    return request(access.server + call.path, { method, dispatcher, headers, ...more });
  }

  async function textOf({ body }: Dispatcher.ResponseData): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bounds.bodyBytes) throw new Error(`the answer is longer than ${bounds.bodyBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  }

  async function send<T>(call: Call, body?: string): Promise<T> {
    try {
      const answer = await open(call, {
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(bounds.callMs),
      });
      const text = await textOf(answer);
      if (answer.statusCode >= 300) throw refusalOf(call, answer, text);
      return JSON.parse(text) as T;
    } catch (error) {
      throw noAnswer(call, error);
    }
  }

  async function* watch<T>(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const call: Call = { verb: 'watch', path };
    try {
      const answer = await open(call, { signal });
      if (answer.statusCode >= 300) throw refusalOf(call, answer, await textOf(answer));
      for await (const line of linesOf(answer.body, bounds.bodyBytes)) yield JSON.parse(line) as WatchEvent<T>;
    } catch (error) {
      throw noAnswer(call, error);
    }
  }

  return {
    get: path => send({ verb: 'get', path }),
    list: path => send({ verb: 'list', path }),
    patch: (path, operations) =>
      send({ verb: 'patch', path: `${path}?fieldManager=${FIELD_MANAGER}` }, JSON.stringify(operations)),
    watch,
    close: () => dispatcher.destroy(),
  };
}

function refusalOf(call: Call, { statusCode, headers }: Dispatcher.ResponseData, text: string): Refusal {
  return new Refusal(call, statusCode, saidIn(text), {
    retryAfterMs: retryAfterMs(headers['retry-after'], headers['date']),
  });
}

function noAnswer(call: Call, error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { name = '', code, message = '' } = error as { name?: string; code?: string; message?: string };
  const said = name === 'TimeoutError' ? 'not in time' : `not: ${code ?? message}`;
  return new Refusal(call, 0, said, { cause: error });
}

/** Not `node:readline`: it takes a broken stream for one that has ended. */
async function* linesOf(body: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    if (rest.length > bytesMax) throw new Error(`a line of the watch is longer than ${bytesMax} bytes`);
    for (const line of lines) if (line !== '') yield line;
  }
}
