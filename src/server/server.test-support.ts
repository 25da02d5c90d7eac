/**
 * A real server on 127.0.0.1 with the real store (a temporary folder) and the real registry. Only the engine is a stand-in:
 * it holds releases in a list and says what it was asked, because these tests are about the wire, not about decisions.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../clock.ts';
import type { PromptSpec } from '../config/plan.ts';
import type { Controller, ControllerEvent, ReleaseRequest } from '../controller/face.ts';
import { SpillwayError } from '../errors.ts';
import { outcomeIntake } from '../metrics/intake.ts';
import type { Command } from '../rollout/command.ts';
import { sampleRelease } from '../rollout/release.test-support.ts';
import type { Release } from '../rollout/release.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { type PromptRegistry, promptRegistry } from '../traffic/registry.ts';
import { knownArtifact } from './known-artifact.ts';
import { type RunningServer, type ServerOptions, startServer } from './serve.ts';

export const V1 = `sha256:${'1'.repeat(64)}`;
export const V2 = `sha256:${'2'.repeat(64)}`;

interface StandInController extends Controller {
  list: Release[];
  created: ReleaseRequest[];
  commands: { id: string; command: Command }[];
  woken: string[];
  emit(event: ControllerEvent): void;
  /** Thrown by the next calls until it is cleared. */
  failure: unknown;
  /** Awaited by every change. */
  gate: Promise<void>;
}

function standInController(): StandInController {
  const listeners = new Set<(event: ControllerEvent) => void>();
  const fake: StandInController = {
    list: [],
    created: [],
    commands: [],
    woken: [],
    failure: undefined,
    gate: Promise.resolve(),
    emit: event => {
      for (const listener of listeners) listener(event);
    },
    start: async () => {},
    stop: async () => {},
    async createRelease(request) {
      fake.created.push(request);
      await fake.gate;
      if (fake.failure !== undefined) throw fake.failure;
      const release = releaseForTests(`release-${fake.list.length + 1}`);
      fake.list.unshift(release);
      return release;
    },
    async command(id, command) {
      fake.commands.push({ id, command });
      await fake.gate;
      if (fake.failure !== undefined) throw fake.failure;
      const release = fake.list.find(one => one.id === id);
      if (!release) throw new SpillwayError('NOT_FOUND', `There is no release \`${id}\`.`);
      return release;
    },
    release: async id => fake.list.find(one => one.id === id),
    async releases({ active, artifact, cursor, limit = 100 }) {
      const matching = fake.list.filter(
        one =>
          (active === undefined || (one.phase === 'rollingOut') === active) && (!artifact || one.artifact === artifact),
      );
      const start = Number(cursor ?? 0);
      const end = start + limit;
      return { releases: matching.slice(start, end), ...(end < matching.length ? { next: String(end) } : {}) };
    },
    wake: artifact => void fake.woken.push(artifact),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    load: () => ({ queued: 3, active: 1 }),
  };
  return fake;
}

export function releaseForTests(id: string, change: Partial<Release> = {}): Release {
  return sampleRelease({ id, version: V2, baseline: V1, phase: 'rollingOut', stageIndex: 0, weight: 10, ...change });
}

export interface TestServer {
  url: string;
  server: RunningServer;
  controller: StandInController;
  registry: PromptRegistry;
  store: Store;
  /** Requests a path; the answer's body as text and, where it is JSON, parsed. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Called>;
}

interface Called {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field
  json: any;
}

export async function testServer(
  options: Partial<ServerOptions> & { clock?: Clock; wrapStore?: (store: Store) => Store; maxWaiting?: number } = {},
): Promise<TestServer> {
  const clock = options.clock ?? systemClock;
  // Each is put away as soon as it is there, last first: a server that does not start leaves nothing behind either.
  const folder = await mkdtemp(join(tmpdir(), 'spillway-server-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const opened = await openSqliteStore({ folder, clock });
  onTestFinished(() => opened.close());
  const store = options.wrapStore?.(opened) ?? opened;
  const registry = promptRegistry({ store, clock });
  const controller = standInController();
  const intake = outcomeIntake({
    store,
    clock,
    known: artifact => knownArtifact(registry.assignment(artifact)),
    onStored: artifact => controller.wake(artifact),
    ...(options.maxWaiting === undefined ? {} : { maxWaiting: options.maxWaiting }),
  });
  const log = { info: () => {}, error: () => {} };
  const server = await startServer({ controller, registry, store, intake, clock, log, port: 0, ...options });
  onTestFinished(() => server.close());
  return { url: server.url, server, controller, registry, store, call: caller(server.url) };
}

export function caller(url: string): TestServer['call'] {
  return async (method, path, body, headers = {}) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const init: RequestInit = { method, headers: { 'content-type': 'application/json', ...headers } };
    if (text !== undefined) init.body = text;
    const response = await fetch(`${url}${path}`, init);
    const answer = await response.text();
    const isJson = /json(;|$)/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text: answer,
      json: isJson && answer ? JSON.parse(answer) : undefined,
    };
  };
}

/** Registers both versions and gives `weight` percent to the second. */
export async function split(
  { store, registry }: Pick<TestServer, 'store' | 'registry'>,
  artifact: string,
  route: { weight: number; epoch: number; releaseId?: string | null },
): Promise<void> {
  const specs: [string, PromptSpec][] = [
    [V1, { template: 'one {{question}}' }],
    [V2, { template: 'two {{question}}', model: 'm-2' }],
  ];
  for (const [version, spec] of specs) {
    const row = {
      artifact,
      version,
      spec: { ...spec } as { template: string },
      createdAt: 0,
      createdBy: 'test',
      heldBy: null,
    };
    await store.putVersion(row);
  }
  const releaseId = route.releaseId === undefined ? 'release-1' : route.releaseId;
  await registry.writeRoute({
    artifact,
    releaseId,
    salt: releaseId ?? '',
    epoch: route.epoch,
    weight: route.weight,
    baseline: V1,
    candidate: releaseId === null ? null : V2,
    rolledBack: null,
  });
}

export interface SseMessage {
  event: string;
  id?: string;
  // biome-ignore lint/suspicious/noExplicitAny: events are looked into field by field
  data: any;
}

/** Reads a stream until `enough` says so, or until it ends; then hangs up. */
export async function readSse(
  url: string,
  enough: (messages: SseMessage[]) => boolean,
  headers: Record<string, string> = {},
): Promise<SseMessage[]> {
  const hangUp = new AbortController();
  const response = await fetch(url, { headers, signal: hangUp.signal });
  const messages: SseMessage[] = [];
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk, { stream: true });
    const parts = text.split('\n\n');
    text = parts.pop()!;
    messages.push(...parts.map(parseMessage));
    if (enough(messages)) break;
  }
  hangUp.abort();
  return messages;
}

function parseMessage(text: string): SseMessage {
  const fields = Object.fromEntries(
    text.split('\n').map(line => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
  );
  const { event = '', data = 'null', id } = fields;
  return { event, data: JSON.parse(data), ...(id === undefined ? {} : { id }) };
}
