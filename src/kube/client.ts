/**
 * The API server over HTTPS: read, patch, list and watch, one attempt a call, every wait and every body with a bound. Several
 * times as fast as Kubernetes' own client, and small enough to know what a rollback waits for. Retries are the caller's.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import { Agent, type Dispatcher, request } from 'undici';
import { SpillwayError } from '../errors.ts';
import type { Access } from './access.ts';
import { type Call, Refusal, retryAfterMs, saidIn, type Verb } from './refusal.ts';

/** The name under which our writes stand in `managedFields`. */
export const FIELD_MANAGER = 'spillway';

/** Of a JSON Patch; Kubernetes takes a test for null for "is not there". */
export type Operation =
  | { op: 'test' | 'add' | 'replace'; path: string; value: unknown }
  | { op: 'remove'; path: string };

/** What every object has. Fields that are not named are kept, never read. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  generation?: number;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

export interface ListOf<T> {
  /** `continue`: there are more, and where. */
  metadata: { resourceVersion: string; continue?: string };
  items: T[];
}

export interface KubeClient {
  /** @throws Refusal for every answer that is not 2xx, and for none */
  get<T>(path: string): Promise<T>;
  list<T>(path: string): Promise<ListOf<T>>;
  /** JSON Patch, in the name of our field manager. The whole object comes back. `path` may be that of a subresource. */
  patch<T>(path: string, operations: readonly Operation[]): Promise<T>;
  /** Merge patch (RFC 7386): null takes a field away. */
  merge<T>(path: string, change: object): Promise<T>;
  /**
   * Server-side apply: makes or changes the object, and owns the fields it names. With `manager` in the name of another field
   * manager of ours, so that what it holds can be given back alone. Conflicts are taken over unless `force` is false.
   */
  apply<T>(path: string, object: object, options?: { manager?: string; force?: boolean }): Promise<T>;
  /** `path` of the collection. Refusal 409 when it is there already. */
  create<T>(path: string, object: object): Promise<T>;
  /** Gone already is done. `uid`: only that one. What it owns goes in the background. */
  remove(path: string, options?: { uid?: string }): Promise<void>;
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

/** @throws SpillwayError CONFIG_INVALID for certificates that cannot be read */
export function kubeClient(access: Access, bounds: Bounds = BOUNDS): KubeClient {
  const options: Agent.Options = {
    // One HTTP/2 connection would carry all calls, and one that is silently dead would take every rollback with it until a ping
    // has failed, which takes minutes. Of HTTP/1.1 a call that hangs loses its own connection, and the next opens a new one.
    allowH2: false,
    connect: {
      timeout: bounds.connectMs,
      // Made once: to read the authorities costs as much as the rest of a handshake.
      secureContext: secureContextOf(access),
      ...(access.serverName === undefined ? {} : { servername: access.serverName }),
      ...(access.isUnverified ? { rejectUnauthorized: false } : {}),
    },
    headersTimeout: bounds.callMs,
    bodyTimeout: bounds.silenceMs,
  };
  // A watch keeps its connection, so calls have others: bounded, because hundreds of handshakes at once would keep the server, and
  // this process, from all else; and kept for longer than any pause between calls, so that a rollback need not begin with one.
  const watches = new Agent(options);
  const newCalls = () => new Agent({ ...options, connections: AT_ONCE, keepAliveTimeout: KEPT_MS });
  let calls = newCalls();

  /** One that has not answered may be dead without a word, and the others with it: the next call begins anew. */
  function leave(silent: Agent): void {
    if (calls !== silent) return;
    calls = newCalls();
    void silent.close().catch(() => undefined);
  }

  async function open(
    call: Call,
    sent: Sent | undefined,
    { dispatcher, signal, token }: { dispatcher: Agent; signal: AbortSignal; token: string | undefined },
  ): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    if (sent) headers['content-type'] = sent.type;
    const body = sent ? { body: sent.body } : {};
    const method = METHODS[call.verb];
    const answer = await request(access.server + call.path, { method, dispatcher, headers, signal, ...body });
    if (answer.statusCode === 401 && token !== undefined) access.token?.refused?.(token);
    return answer;
  }

  /** A program that has no token now may have one soon: that is as if the server had not answered. */
  async function tokenFor(call: Call): Promise<string | undefined> {
    try {
      return await access.token?.read();
    } catch (error) {
      throw noAnswer(call, error);
    }
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

  /** A token that has expired without a word is refused once; whoever gave it has another one then. */
  async function send<T>(call: Call, sent?: Sent): Promise<T> {
    try {
      return await sendOnce<T>(call, sent);
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 401 && access.token?.refused)) throw error;
      return sendOnce<T>(call, sent);
    }
  }

  async function sendOnce<T>(call: Call, sent?: Sent): Promise<T> {
    // Before the call's time begins: who is asked for a token may be a person.
    const token = await tokenFor(call);
    const dispatcher = calls;
    const signal = AbortSignal.timeout(bounds.callMs);
    try {
      const answer = await open(call, sent, { dispatcher, signal, token });
      const text = await textOf(answer);
      if (answer.statusCode >= 300) throw refusalOf(call, answer, text);
      return JSON.parse(text) as T;
    } catch (error) {
      if (signal.aborted) leave(dispatcher);
      throw noAnswer(call, error);
    }
  }

  async function* watch<T>(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const call: Call = { verb: 'watch', path };
    const token = await tokenFor(call);
    try {
      const answer = await open(call, undefined, { dispatcher: watches, signal, token });
      if (answer.statusCode >= 300) throw refusalOf(call, answer, await textOf(answer));
      for await (const line of linesOf(answer.body, bounds.bodyBytes)) yield JSON.parse(line) as WatchEvent<T>;
    } catch (error) {
      throw noAnswer(call, error);
    }
  }

  return {
    get: path => send({ verb: 'get', path }),
    list: path => send({ verb: 'list', path }),
    patch: (path, operations) => send({ verb: 'patch', path: managed(path) }, sentAs('json-patch+json', operations)),
    merge: (path, change) => send({ verb: 'patch', path: managed(path) }, sentAs('merge-patch+json', change)),
    apply: (path, object, { manager = FIELD_MANAGER, force = true } = {}) =>
      // YAML, of which JSON is a part: the type that every version of the API server takes.
      send({ verb: 'patch', path: managed(path, manager, force) }, sentAs('apply-patch+yaml', object)),
    create: (path, object) => send({ verb: 'create', path: managed(path) }, sentAs('json', object)),
    async remove(path, { uid } = {}) {
      const options = { propagationPolicy: 'Background', ...(uid === undefined ? {} : { preconditions: { uid } }) };
      try {
        await send({ verb: 'delete', path }, sentAs('json', options));
      } catch (error) {
        if (error instanceof Refusal && (error.status === 404 || (uid !== undefined && error.status === 409))) return;
        throw error;
      }
    },
    watch,
    async close() {
      await Promise.all([watches, calls].map(agent => agent.destroy()));
    },
  };
}

function secureContextOf({ ca, cert, key }: Access): SecureContext {
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch {
    // What the library says may quote what it was given, which holds a key.
    throw new SpillwayError(
      'CONFIG_INVALID',
      'The certificates for the API server are not PEM, or do not fit together.',
      {
        hint: 'Check certificate-authority, client-certificate and client-key of the kubeconfig.',
      },
    );
  }
}

interface Sent {
  type: string;
  body: string;
}

/** Connections for calls. */
const AT_ONCE = 32;
/** The API server closes what has been idle for 90 s. */
const KEPT_MS = 60_000;

const METHODS: Record<Verb, Dispatcher.HttpMethod> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  patch: 'PATCH',
  delete: 'DELETE',
};

const sentAs = (type: string, body: unknown): Sent => ({ type: `application/${type}`, body: JSON.stringify(body) });

function managed(path: string, manager = FIELD_MANAGER, force = false): string {
  return `${path}?fieldManager=${encodeURIComponent(manager)}${force ? '&force=true' : ''}`;
}

function refusalOf(call: Call, { statusCode, headers }: Dispatcher.ResponseData, text: string): Refusal {
  return new Refusal(call, statusCode, saidIn(text), {
    retryAfterMs: retryAfterMs(headers['retry-after'], headers['date']),
  });
}

function noAnswer(call: Call, error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { name = '', code, message = '' } = error as { name?: string; code?: string; message?: string };
  const why = error instanceof SpillwayError ? message : (code ?? message);
  const said = name === 'TimeoutError' ? 'not in time' : `not: ${why}`;
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
