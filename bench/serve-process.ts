/**
 * `spillway serve` in a process of its own, for benchmarks of the whole product, with a folder that goes when it ends.
 * `bench-server.ts` is the same wire without the engine. Measures nothing itself.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

const MAIN = join(import.meta.dirname, '../src/cli/main.ts');

export interface ServeProcess {
  pid: number;
  url: string;
  /** The parsed answer. @throws Error on any status that is not 2xx */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Resolves when the process and its folder are gone. */
  stop(): Promise<void>;
}

/** @param parent where the server's folder is made: a file system in memory hides what a sync to disk costs */
export async function serveProcess(parent: string): Promise<ServeProcess> {
  const folder = mkdtempSync(join(parent, '.bench-'));
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--data', folder, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const url = await urlOf(child);
    return { pid: child.pid!, url, call: (method, path, body) => call(url + path, method, body), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** From the document that the command prints when it listens. */
function urlOf(child: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.endsWith('}\n')) resolve((JSON.parse(printed) as { url: string }).url);
    });
    child.once('exit', code => reject(new Error(`the server ended with ${code}`)));
  });
}

async function call<T>(url: string, method: string, body: unknown): Promise<T> {
  const json =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await fetch(url, { method, ...json });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
