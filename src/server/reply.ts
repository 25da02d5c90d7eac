/**
 * Answers on the raw node:http response, for what does not go through the router: the hot routes, the streams, and every
 * refusal that comes before a body was read. Then the connection is closed, but not at once: a reset while the client
 * still sends would make its kernel drop our answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hasUnreadBody } from './body.ts';
import { PROBLEM_JSON, problemOf } from './problem.ts';

/** Time in which a client that is still sending can read our answer before it is cut off. */
const LINGER_MS = 500;
const MAX_DISCARDED_BYTES = 4 * 1024 * 1024;

export function sendText(res: ServerResponse, status: number, type: string, text: string): void {
  res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

/** Answers with the problem document of an error. Once headers are out, all that is left is to cut the connection. */
export function sendProblem(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const problem = problemOf(error);
  if (problem.status === 401) res.setHeader('www-authenticate', 'Bearer');
  const text = JSON.stringify(problem);
  if (!hasUnreadBody(req)) {
    sendText(res, problem.status, PROBLEM_JSON, text);
    return;
  }
  res.setHeader('connection', 'close');
  res.writeHead(problem.status, { 'content-type': PROBLEM_JSON, 'content-length': Buffer.byteLength(text) });
  // The answer is whole, but it is not ended: Node closes the socket with the end.
  res.write(text);
  discard(req, () => res.end());
}

/** Lets a short body run out; of a long one only the connection stays open for a moment, and nothing more is read. */
function discard(req: IncomingMessage, done: () => void): void {
  const timer = setTimeout(done, LINGER_MS);
  let size = 0;
  const stop = () => {
    clearTimeout(timer);
    done();
  };
  req.once('end', stop);
  req.once('close', stop);
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_DISCARDED_BYTES) req.pause();
  });
}
