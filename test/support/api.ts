/** The HTTP API as a test calls it: the status, the parsed body, and nothing thrown for an answer that is a refusal. */
import { sseParser } from '../../sdk/src/sse.ts';
import type { WireRelease } from '../../src/server/contract.ts';
import type { AuditEvent } from '../../src/store/store.ts';
import type { Assignment } from '../../src/traffic/registry.ts';
import type { Documents } from './documents.ts';

export interface Answer {
  status: number;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field
  json: any;
}

export interface Api {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Registers the documents and begins a release of their prompt. */
  release(documents: Documents, force?: boolean): Promise<Answer>;
  find(id: string): Promise<WireRelease>;
  active(): Promise<WireRelease[]>;
  command(id: string, kind: string, body?: object): Promise<Answer>;
  audit(query?: string): Promise<AuditEvent[]>;
  /** What the stream for SDKs says first: every live route. */
  assignments(): Promise<Assignment[]>;
  /** What an OpenFeature client is answered. */
  resolve(key: string, unit: string): Promise<{ variant: string; version: string }>;
}

const LIMIT_MS = 15_000;

export function api(url: string): Api {
  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const text = await response.text();
    return { status: response.status, text, json: parsed(text) };
  }

  async function good(path: string): Promise<Answer['json']> {
    const answer = await call('GET', path);
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  return {
    call,
    async release({ document, files, name }, force) {
      const put = await call('PUT', `/api/v1/pipelines/${name}`, { document, files });
      if (put.status > 201) return put;
      return call('POST', '/api/v1/releases', { pipeline: name, ...(force ? { force } : {}) });
    },
    find: id => good(`/api/v1/releases/${id}`),
    active: async () => (await good('/api/v1/releases?active=true')).releases,
    command: (id, kind, body = {}) => call('POST', `/api/v1/releases/${id}/${kind}`, body),
    audit: async (query = '') => (await good(`/api/v1/audit${query}`)).events,
    assignments: () => firstAssignments(url),
    async resolve(key, unit) {
      const answer = await call('POST', `/ofrep/v1/evaluate/flags/${key}`, { context: { targetingKey: unit } });
      if (answer.status !== 200) throw new Error(`OFREP: ${answer.status} ${answer.text}`);
      return { variant: answer.json.variant, version: answer.json.metadata.version };
    },
  };
}

async function firstAssignments(url: string): Promise<Assignment[]> {
  const found: Assignment[] = [];
  await readAssignments(url, AbortSignal.timeout(LIMIT_MS), (event, assignment) => {
    if (event === 'assignment') found.push(assignment);
    return event !== 'synced';
  });
  return found;
}

/** Reads the stream for SDKs until `onEvent` answers false, the server ends it, or the signal aborts. */
export async function readAssignments(
  url: string,
  signal: AbortSignal,
  onEvent: (event: string, assignment: Assignment) => boolean,
): Promise<void> {
  const enough = new AbortController();
  const response = await fetch(`${url}/api/v1/assignments`, { signal: AbortSignal.any([signal, enough.signal]) });
  let wantsMore = true;
  const parser = sseParser(({ event, data }) => {
    if (wantsMore) wantsMore = onEvent(event, JSON.parse(data) as Assignment);
  });
  for await (const chunk of response.body!) {
    parser.push(chunk);
    if (!wantsMore) break;
  }
  enough.abort();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
