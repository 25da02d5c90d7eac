/**
 * Who may ask: the bearer token, compared in constant time, and for a server on loopback the Host header, so that a page
 * in a browser cannot reach it under a name of its own (DNS rebinding) nor post to it across origins.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SpillwayError } from '../errors.ts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
/** Open to probes, which carry no token; they say nothing but yes or no. */
const OPEN_PATHS = ['/healthz', '/readyz'];

function isLoopback(host: string): boolean {
  return host === '127.0.0.1' || host === '::1' || host === 'localhost';
}

/** @throws SpillwayError TOKEN_REQUIRED when others than this machine could reach a server that asks for no token */
export function requireTokenFor(host: string, token: string | undefined): void {
  if (!isLoopback(host) && (token === undefined || token === ''))
    throw new SpillwayError('TOKEN_REQUIRED', `Binding ${host} opens the server to the network, and no token is set.`);
}

export type Guard = (req: IncomingMessage, path: string) => SpillwayError | undefined;

/** @returns what is wrong with the request, if anything. The token never stands in the message. */
export function guard({ host, token }: { host: string; token?: string | undefined }): Guard {
  const expected = token === undefined ? undefined : digest(`Bearer ${token}`);
  const checkHost = isLoopback(host);
  return (req, path) => {
    if (checkHost) {
      const refused = foreignName(req);
      if (refused) return refused;
    }
    if (expected === undefined || OPEN_PATHS.includes(path)) return undefined;
    const given = req.headers.authorization;
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return undefined;
    const what =
      given === undefined ? 'This server asks for a bearer token' : 'The bearer token is not the one of this server';
    return new SpillwayError('UNAUTHORIZED', `${what}.`);
  };
}

function foreignName(req: IncomingMessage): SpillwayError | undefined {
  const named = req.headers.host ?? '';
  if (!LOOPBACK_NAMES.includes(hostname(named)))
    return refuse('Host', named, 'Call it as http://127.0.0.1, or bind another address with a token.');
  const { origin } = req.headers;
  if (origin !== undefined && origin !== `http://${named}`)
    return refuse('Origin', origin, 'A page of another origin may not call a server on loopback.');
  return undefined;
}

function refuse(header: string, value: string, hint: string): SpillwayError {
  return new SpillwayError('REQUEST_INVALID', `${header} \`${value.slice(0, 100)}\` is not allowed on loopback.`, {
    hint,
  });
}

function hostname(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

/** Hashed, so that the comparison takes the same time whatever the length. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
