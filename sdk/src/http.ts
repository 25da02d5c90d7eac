/**
 * Sends one JSON body and reads the short answer. Plain node:http with one kept-alive, unref'ed socket, so that a
 * waiting report never keeps the app from exiting; or the app's own fetch, for its proxies and instrumentation.
 * Retries nothing, follows no redirect.
 */
import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';

/**
 * A socket that does not keep the process alive. Twice, because a host name with several addresses (localhost) gets a
 * new handle for each attempt, which forgets the first unref.
 */
export function detach(socket: Socket): void {
  socket.setNoDelay(true).unref();
  if (socket.connecting) socket.once('connect', () => socket.unref());
}

export interface Answer {
  status: number;
  retryAfter: string | undefined;
  body: string;
}

export interface Poster {
  /** Rejects on a network error and when the signal aborts. */
  post(body: string, signal: AbortSignal): Promise<Answer>;
  close(): void;
}

/** Of an answer, more than this is not ours. */
const LONGEST_ANSWER = 2 ** 20;

export function httpPoster(url: URL, headers: Readonly<Record<string, string>>): Poster {
  const isTls = url.protocol === 'https:';
  const agent = new (isTls ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 1 });
  const send = isTls ? requestHttps : requestHttp;
  return {
    close: () => agent.destroy(),
    post: (body, signal) =>
      new Promise((resolve, reject) => {
        const request = send(url, {
          method: 'POST',
          agent,
          signal,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
        });
        request.on('socket', detach);
        request.on('error', reject);
        request.on('response', response => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            if (text.length < LONGEST_ANSWER) text += chunk;
          });
          response.on('error', reject);
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], body: text }),
          );
        });
        request.end(body);
      }),
  };
}

export function fetchPoster(
  url: URL,
  headers: Readonly<Record<string, string>>,
  fetch: typeof globalThis.fetch,
): Poster {
  return {
    close: () => {},
    post: async (body, signal) => {
      const sent = { 'content-type': 'application/json', ...headers };
      const response = await fetch(url, { method: 'POST', body, signal, headers: sent, redirect: 'manual' });
      const retryAfter = response.headers.get('retry-after') ?? undefined;
      return { status: response.status, retryAfter, body: await response.text() };
    },
  };
}

/** What went wrong, for `stats().lastError`. Node's messages name address and code, never a header's value. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const { code } = error as NodeJS.ErrnoException;
  return error.message || code || error.name; // several addresses that all failed have only a code
}
