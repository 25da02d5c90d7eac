/**
 * Request bodies, read up to a limit. The limit is held while reading, so that a huge body costs a few chunks of memory,
 * and a body whose announced length is too large is refused before its first byte.
 */
import type { IncomingMessage } from 'node:http';
import { SpillwayError } from '../errors.ts';

export const MAX_BODY_BYTES = 1024 * 1024;
/** For pipelines, which bring the files that they name: 1 MiB of text, which JSON makes longer. */
export const MAX_BUNDLE_BYTES = 2 * 1024 * 1024;

/** @throws SpillwayError BODY_TOO_LARGE; REQUEST_INVALID when the client hung up or compressed it */
export function readBody(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (incoming.headers['content-encoding'] !== undefined)
      return reject(new SpillwayError('REQUEST_INVALID', 'Send the body without Content-Encoding.'));
    if (announcedLength(incoming) > limit) return reject(tooLarge(limit));
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = () => {
      incoming.off('data', onData);
      incoming.off('end', onEnd);
      incoming.off('close', onClose);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) return void chunks.push(chunk);
      stop();
      reject(tooLarge(limit));
    };
    const onEnd = () => {
      stop();
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    };
    const onClose = () => {
      stop();
      reject(new SpillwayError('REQUEST_INVALID', 'The connection closed before the body was complete.'));
    };
    incoming.on('data', onData);
    incoming.on('end', onEnd);
    incoming.on('close', onClose);
    incoming.on('error', () => {});
  });
}

/** @throws SpillwayError REQUEST_INVALID */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SpillwayError('REQUEST_INVALID', `The body is not JSON: ${message}`, { cause: error });
  }
}

/** 0 when the client did not say. */
function announcedLength(incoming: IncomingMessage): number {
  const length = Number(incoming.headers['content-length'] ?? 0);
  return Number.isFinite(length) ? length : 0;
}

export function hasUnreadBody(incoming: IncomingMessage): boolean {
  const hasBody = announcedLength(incoming) > 0 || incoming.headers['transfer-encoding'] !== undefined;
  return hasBody && !incoming.readableEnded && !incoming.destroyed;
}

function tooLarge(limit: number): SpillwayError {
  return new SpillwayError('BODY_TOO_LARGE', `The body is larger than ${limit / 1024 / 1024} MiB.`);
}
