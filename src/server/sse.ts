/**
 * Server-sent events to many clients at once. A message is serialised once and the same bytes go to every socket in the
 * same turn; the body is delimited by the end of the connection instead of chunks, so that a write is one write. A client
 * that does not read is cut: it would cost memory without end, and it resumes when it comes back.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';

/** Unsent bytes at which a client counts as stuck. */
export const MAX_BUFFERED_BYTES = 1024 * 1024;
/** SDKs renew their lease with every sign of life: three may be lost before it lapses. */
const HEARTBEAT_MS = 5_000;

/** One event in the wire form; `data` becomes one line of JSON. */
export function sseFrame(event: string, data: unknown, id?: number): Buffer {
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  const text = `${idLine}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  // Memory of its own: a frame that is kept would keep the whole pool that it was cut from, which is shared with what is not.
  const frame = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  frame.write(text);
  return frame;
}

interface SseHub {
  /** Answers the request with an open stream. `first` is written before any broadcast. */
  open(req: IncomingMessage, res: ServerResponse, first: readonly Buffer[]): void;
  broadcast(frame: Buffer): void;
  size(): number;
  /** Ends all streams, and those that are opened later. */
  close(): void;
}

export interface HubOptions {
  clock: Clock;
  heartbeatMs?: number;
  /** A client that did not read was cut. */
  onCut?: () => void;
}

export function sseHub(options: HubOptions): SseHub {
  const { clock, heartbeatMs = HEARTBEAT_MS } = options;
  /** With what each may have unsent: the first state may be larger than a stuck client is allowed, until it is through. */
  const streams = new Map<ServerResponse, number>();
  const stopped = new AbortController();

  function send(res: ServerResponse, allowed: number, frame: Buffer): void {
    if (res.writableLength + frame.length > allowed) {
      streams.delete(res);
      res.destroy();
      options.onCut?.();
    } else res.write(frame);
  }

  function broadcast(frame: Buffer): void {
    for (const [res, allowed] of streams) send(res, allowed, frame);
  }

  async function beat(): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(heartbeatMs, stopped.signal);
      if (!stopped.signal.aborted && streams.size > 0) broadcast(sseFrame('heartbeat', {}));
    }
  }
  void beat();

  return {
    open(req, res, first) {
      // Gone while its first state was being read: its `close` has been and would never take it off the list.
      if (req.socket.destroyed) return;
      req.socket.setNoDelay(true);
      req.socket.setKeepAlive(true, 30_000);
      res.removeHeader('transfer-encoding');
      res.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        connection: 'close',
      });
      res.on('error', () => {});
      res.on('close', () => streams.delete(res));
      const state = Buffer.concat(first);
      const isThrough = state.length > 0 ? res.write(state) : true;
      if (state.length === 0) res.flushHeaders();
      if (stopped.signal.aborted) return void res.end();
      streams.set(res, isThrough ? MAX_BUFFERED_BYTES : state.length + MAX_BUFFERED_BYTES);
      res.once('drain', () => streams.has(res) && streams.set(res, MAX_BUFFERED_BYTES));
    },
    broadcast,
    size: () => streams.size,
    close() {
      stopped.abort();
      for (const res of streams.keys()) res.end();
      streams.clear();
    },
  };
}
