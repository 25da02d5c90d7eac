/**
 * Keeps one connection to the server's assignment stream, for as long as the app lives: a stream that ends, fails or
 * falls silent is opened again, with back-off. Knows nothing of what events mean: it hands them on and is told whether
 * they made sense. Plain node:http, because its sockets can be unref'ed: the stream never keeps an app from exiting.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { describe, detach } from './http.ts';
import type { SseMessage } from './sse.ts';
import { sseParser } from './sse.ts';
import type { Timers } from './timers.ts';
import { backoffMs } from './timers.ts';

/** Three missed heartbeats of 5 s. */
const SILENCE_MS = 15_000;
/** A connection that was heard this long after it began has proved itself: the next failure starts the back-off anew. */
const PROVEN_MS = 5_000;

interface StreamOptions {
  url: URL;
  headers: Readonly<Record<string, string>>;
  timers: Timers;
  random: () => number;
  /** The server has answered; events follow. */
  onOpen(): void;
  /** True when the event made sense: only that counts as a sign of life. */
  onMessage(message: SseMessage): boolean;
  /** Why it is not, or no longer, connected; it will try again. Never holds a secret. */
  onDown(why: string): void;
}

interface Stream {
  close(): void;
}

export function keepStream(options: StreamOptions): Stream {
  const { timers } = options;
  let attempt = 0;
  let closed = false;
  let cancelRetry = () => {};
  let drop = () => {};

  function open() {
    const startedMs = timers.monotonicMs();
    drop = openOnce(options, (why, heardMs) => {
      if (closed) return;
      options.onDown(why);
      if (heardMs - startedMs >= PROVEN_MS) attempt = 0;
      cancelRetry = timers.after(backoffMs(attempt++, options.random), open);
    });
  }

  open();
  return {
    close() {
      closed = true;
      cancelRetry();
      drop();
    },
  };
}

/** One connection. `onEnd` is called exactly once, with the monotonic time of the last sign of life. */
function openOnce(options: StreamOptions, onEnd: (why: string, heardMs: number) => void): () => void {
  const { timers } = options;
  let heardMs = timers.monotonicMs();
  let ended = false;
  let request: ClientRequest | undefined;
  let cancelWatch = () => {};

  function end(why: string) {
    if (ended) return;
    ended = true;
    cancelWatch();
    request?.destroy();
    onEnd(why, heardMs);
  }

  function watch() {
    const leftMs = heardMs + SILENCE_MS - timers.monotonicMs();
    if (leftMs <= 0) end(`silent for ${SILENCE_MS / 1000} s`);
    else cancelWatch = timers.after(leftMs, watch);
  }

  function read(response: IncomingMessage) {
    const refused = refusal(response);
    if (refused) return end(refused);
    options.onOpen();
    const parser = sseParser(message => {
      if (!ended && options.onMessage(message)) heardMs = timers.monotonicMs();
    });
    response.on('data', (bytes: Uint8Array) => {
      try {
        if (!parser.push(bytes)) end('an event is too long');
      } catch (error) {
        end(describe(error)); // thrown from here it would end the app
      }
    });
    response.on('error', error => end(describe(error)));
    response.on('close', () => end('the server closed the stream'));
  }

  try {
    const send = options.url.protocol === 'https:' ? requestHttps : requestHttp;
    // `agent: false`: a socket of its own, that no pool times out or hands to another request.
    request = send(options.url, { headers: { accept: 'text/event-stream', ...options.headers }, agent: false });
    request.on('socket', socket => detach(socket.setKeepAlive(true, 5_000)));
    request.on('response', read);
    request.on('error', error => end(describe(error)));
    request.on('close', () => end('the server closed the connection'));
    request.end();
    watch();
  } catch (error) {
    // Not at once: the caller has not got its `drop` yet.
    cancelWatch = timers.after(0, () => end(describe(error)));
  }
  return () => end('closed');
}

function refusal(response: IncomingMessage): string | undefined {
  if (response.statusCode !== 200) return `the server answered HTTP ${response.statusCode}`;
  const type = response.headers['content-type'] ?? 'no content type';
  return type.startsWith('text/event-stream') ? undefined : `expected text/event-stream, found ${type.slice(0, 100)}`;
}
