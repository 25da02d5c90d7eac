/**
 * Stops a server without cutting off an answer that is on its way. Node's own `close` waits for connections on which
 * nothing was ever asked, which clients open in advance; so the open ones are counted here.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

/** @returns what to call at the end: accepts no more, and resolves when the last answer went out, or after `graceMs` */
export function drainable(server: Server, clock: Clock): (graceMs: number) => Promise<void> {
  const sockets = new Set<Socket>();
  const answering = new Set<ServerResponse>();
  server.on('connection', socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.prependListener('request', (_req, res) => {
    answering.add(res);
    res.once('close', () => answering.delete(res));
  });

  return async graceMs => {
    let isClosed = false;
    const closed = new Promise<void>(resolve =>
      server.close(() => {
        isClosed = true;
        resolve();
      }),
    );
    const overdueMs = clock.monotonicMs() + graceMs;
    // A connection that was busy when the stop began is idle only after its answer.
    while (!isClosed && clock.monotonicMs() < overdueMs) {
      const busy = new Set([...answering].map(res => res.socket));
      for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
      await Promise.race([closed, clock.sleep(10)]);
    }
    server.closeAllConnections();
    await closed;
  };
}
