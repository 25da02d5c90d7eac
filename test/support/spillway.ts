/**
 * The `spillway` command as a child process, as a user starts it. Nothing of the product is loaded into the test's own
 * process by this: what is seen is what a shell sees. Every child is ended by its id at the end of the room.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Room } from './room.ts';
import { until } from './until.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const LONGEST_MS = 60_000;

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Default one minute; then it is killed and the run fails. */
  limitMs?: number;
}

/** How a command ended. */
export interface Ended {
  /** Null when a signal ended it. */
  exit: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  pid: number;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<Ended>;
}

/** Starts `spillway` with these arguments, without waiting for its end. */
export function start(room: Room, args: readonly string[], { cwd, env = {} }: RunOptions = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: cwd ?? process.cwd(),
    env: { ...bareEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>(resolve =>
    child.once('close', (exit, signal) => resolve({ exit, signal, stdout, stderr })),
  );
  room.atEnd(() => endChild(child, ended));
  return {
    pid: child.pid!,
    stdout: () => stdout,
    stderr: () => stderr,
    kill: signal => void child.kill(signal),
    ended,
  };
}

/** A polite end first: a command that has children of its own takes them along. */
async function endChild(child: ChildProcess, ended: Promise<Ended>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 8_000);
  await ended;
  clearTimeout(patience);
}

/** Runs `spillway` to its end. */
export async function run(room: Room, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const limitMs = options.limitMs ?? LONGEST_MS;
  const running = start(room, args, options);
  let isLate = false;
  const patience = setTimeout(() => {
    isLate = true;
    running.kill('SIGKILL');
  }, limitMs);
  const ended = await running.ended;
  clearTimeout(patience);
  if (isLate) throw new Error(`spillway ${args.join(' ')} took longer than ${limitMs} ms\n${ended.stderr}`);
  return ended;
}

/** The one JSON document on standard output; anything beside it is a failure of the test. */
// biome-ignore lint/suspicious/noExplicitAny: documents are looked into field by field
export function documentOf({ stdout, stderr }: Ended): any {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`standard output is not one JSON document:\n${stdout.slice(0, 2_000)}\n--- stderr\n${stderr}`);
  }
}

/** Runs with --json and holds the exit status; answers the document. */
// biome-ignore lint/suspicious/noExplicitAny: documents are looked into field by field
export async function runJson(room: Room, args: readonly string[], exit: number, options?: RunOptions): Promise<any> {
  const ended = await run(room, [...args, '--json'], options);
  expect(ended, `spillway ${args.join(' ')}\n${ended.stdout}\n${ended.stderr}`).toMatchObject({ exit });
  expectNoTrace(ended);
  return documentOf(ended);
}

/** People are shown what is wrong and what to do, never where in our code it was noticed. */
export function expectNoTrace({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>): void {
  expect(stdout).not.toMatch(/^\s+at .*[:(]/m);
  expect(stderr).not.toMatch(/^\s+at .*[:(]|\\n\s+at /m);
}

export interface ServerProcess extends Running {
  url: string;
  port: number;
  data: string;
  /** As a power cut would: no handler runs. Resolves when the process is gone. */
  killHard(): Promise<void>;
  /** As a service manager does. */
  stop(): Promise<Ended>;
}

export interface ServeOptions extends RunOptions {
  data: string;
  /** 0, a free one, by default. */
  port?: number;
  args?: readonly string[];
}

/** `spillway serve`, once it says where it listens. */
export async function serve(
  room: Room,
  { data, port = 0, args = [], ...options }: ServeOptions,
): Promise<ServerProcess> {
  const running = start(room, ['serve', '--port', String(port), '--data', data, '--json', ...args], options);
  let gone: Ended | undefined;
  void running.ended.then(ended => {
    gone = ended;
  });
  const said = await until(
    'the server says where it listens',
    () => {
      if (gone) return gone;
      return running.stdout().endsWith('}\n') && (JSON.parse(running.stdout()) as { url: string });
    },
    { everyMs: 5, instead: running.stderr },
  );
  if (!('url' in said)) throw new ServeFailure(gone ?? (await running.ended));
  return {
    ...running,
    url: said.url,
    port: Number(new URL(said.url).port),
    data,
    async killHard() {
      running.kill('SIGKILL');
      await running.ended;
    },
    stop() {
      running.kill('SIGTERM');
      return running.ended;
    },
  };
}

/** The server ended instead of listening. */
export class ServeFailure extends Error {
  readonly ended: Ended;
  constructor(ended: Ended) {
    super(`spillway serve ended with exit ${ended.exit}: ${ended.stderr}`);
    this.ended = ended;
  }
}

/** Without what the developer's own shell says about keys, servers, colours and Node. */
function bareEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(OPENAI_|SPILLWAY_|NODE_OPTIONS$|VITEST|FORCE_COLOR$|CI$|NO_COLOR$)/.test(name),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}
