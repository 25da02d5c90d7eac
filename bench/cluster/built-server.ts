/**
 * `spillway serve --kube` as users run it: the built command, in a process of its own, on a folder of its own, started as the image
 * starts it, with the heap that Node takes in the chart's container.
 */
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PROMETHEUS } from '../../test/cluster/plane/addresses.ts';
import type { Room } from '../../test/support/room.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BUILT = join(ROOT, 'dist/spillway.js');
/** Of the chart's limit of 1 GiB: half. On this machine Node would take 4 GB, and let the heap grow accordingly. */
const HEAP = '--max-old-space-size=512';

export interface BuiltServer {
  pid: number;
  url: string;
  /** `performance.now()` when the process was started. */
  startedMs: number;
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  stop(): Promise<void>;
}

export interface BuiltOptions {
  kubeconfig: string;
  /** All namespaces when absent. */
  namespace?: string;
  data?: string;
}

/** Its log is `server.log` in the data folder. */
export async function startBuilt(room: Room, { kubeconfig, namespace, data }: BuiltOptions): Promise<BuiltServer> {
  if (!existsSync(BUILT)) throw new Error('nothing is built: npm run build');
  const folder = data ?? room.folder();
  const where = namespace === undefined ? [] : ['--namespace', namespace];
  const { flags, variables } = imageSettings();
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [...flags, HEAP, BUILT, 'serve', '--kube', ...where, '--port', '0', '--data', folder, '--json'],
    {
      env: { ...process.env, ...variables, KUBECONFIG: kubeconfig, SPILLWAY_PROMETHEUS_URL: PROMETHEUS },
      stdio: ['ignore', 'pipe', openSync(join(folder, 'server.log'), 'a')],
    },
  );
  const exited = new Promise<void>(done => child.once('exit', () => done()));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  room.atEnd(stop);
  const url = await new Promise<string>((done, fail) => {
    let printed = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.endsWith('}\n')) done((JSON.parse(printed) as { url: string }).url);
    });
    child.once('exit', code => fail(new Error(`the server ended with ${code}; see ${folder}/server.log`)));
  });
  return {
    pid: child.pid!,
    url,
    startedMs,
    async call<T>(method: string, path: string, body?: unknown) {
      const json =
        body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      const response = await fetch(url + path, { method, ...json });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    stop,
  };
}

/** What the Dockerfile says to Node and to the process. */
function imageSettings(): { flags: string[]; variables: Record<string, string> } {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split('\n');
  const after = (word: string) =>
    lines.flatMap(line => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const start = JSON.parse(after('ENTRYPOINT')[0]!) as string[];
  return {
    flags: start.filter(word => word.startsWith('--')),
    variables: Object.fromEntries(after('ENV').map(line => line.split('=') as [string, string])),
  };
}
