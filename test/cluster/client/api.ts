/**
 * The apiserver over HTTPS, as far as the test cluster needs it: one call, one watch, nothing cached and nothing retried.
 * Small on purpose: the product's client must not be tested with itself.
 */
import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher, request } from 'undici';
import { type KubeObject, pathOf } from './objects.ts';

export interface Access {
  server: string;
  token: string;
  /** PEM. */
  ca: string;
}

export type PatchType = 'merge' | 'strategic' | 'json' | 'apply';

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

export interface Api {
  access: Access;
  /** @throws Refusal for every answer that is not 2xx */
  call<T = KubeObject>(method: Dispatcher.HttpMethod, path: string, body?: unknown): Promise<T>;
  patch<T = KubeObject>(path: string, type: PatchType, body: unknown): Promise<T>;
  /** Creates or changes, by server-side apply. */
  apply<T = KubeObject>(object: KubeObject): Promise<T>;
  /** Ends when the server ends it; throws when the connection breaks. */
  watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent>;
  close(): Promise<void>;
}

export class Refusal extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(what: string, status: number, { reason = '', message = '' }: { reason?: string; message?: string }) {
    super(`${what}: ${status} ${reason} ${message}`);
    this.status = status;
    this.reason = reason;
  }
}

const CONTENT_TYPES: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};
const CALL_MS = 20_000;
/** Bookmarks come about once a minute: a watch that is silent for longer has lost its server. */
const SILENCE_MS = 90_000;

export function openApi(access: Access): Api {
  const dispatcher = new Agent({ connect: { ca: access.ca }, headersTimeout: CALL_MS, bodyTimeout: SILENCE_MS });
  const headers = { authorization: `Bearer ${access.token}` };

  async function send<T>(method: Dispatcher.HttpMethod, path: string, body: unknown, type: string): Promise<T> {
    const answer = await request(access.server + path, {
      method,
      dispatcher,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': type }) },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_MS),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw refusalOf(`${method} ${path}`, answer.statusCode, text);
    return (text.startsWith('{') ? JSON.parse(text) : text) as T;
  }

  return {
    access,
    call: (method, path, body) => send(method, path, body, 'application/json'),
    patch: (path, type, body) => send('PATCH', path, body, CONTENT_TYPES[type]),
    apply: object => send('PATCH', `${pathOf(object)}?fieldManager=cluster&force=true`, object, CONTENT_TYPES.apply),
    async *watch(path, signal) {
      const answer = await request(access.server + path, { dispatcher, headers, signal });
      if (answer.statusCode >= 300) throw refusalOf(`watch ${path}`, answer.statusCode, await answer.body.text());
      for await (const line of linesOf(answer.body)) yield JSON.parse(line) as WatchEvent;
    },
    close: () => dispatcher.destroy(),
  };
}

/** Not `node:readline`: it takes a broken stream for one that has ended. */
async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
}

function refusalOf(what: string, status: number, text: string): Refusal {
  try {
    return new Refusal(what, status, JSON.parse(text));
  } catch {
    return new Refusal(what, status, { message: text.slice(0, 500) });
  }
}

/** Of the kubeconfigs that `kubeconfig.ts` writes, which are JSON; not of every kubeconfig. */
export function readAccess(kubeconfig: string): Access {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const ca = Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64').toString();
  return { server: clusters[0].cluster.server, ca, token: users[0].user.token };
}
