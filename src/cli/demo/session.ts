/**
 * The demo's world: a real server in a process of its own with an empty data folder, a simulated model, two instances of
 * the example app, and users. Started in order, ended in reverse, whatever happens in between.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type SupportBot, startSupportBot } from '../../../examples/support-bot/app.ts';
import { startSimulatedModel } from '../../../examples/support-bot/simulated-model.ts';
import { SpillwayError } from '../../errors.ts';
import { seededRandom } from '../../stats/random.ts';
import { type Client, client } from '../client.ts';
import { type Load, startLoad } from './load.ts';

const START_LIMIT_MS = 20_000;

export interface Session {
  server: Client;
  /** Begins once version 1 serves. */
  startApps(): Promise<{ apps: SupportBot[]; load: Load }>;
  close(): Promise<void>;
}

export async function openSession(actor: string): Promise<Session> {
  const undo: (() => unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-demo-'));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    const model = await startSimulatedModel(seededRandom(2026));
    undo.push(() => model.close());
    const { url, stop } = await startServerProcess(folder, model.url);
    undo.push(stop);
    return {
      server: client({ url, actor }),
      async startApps() {
        const apps = [];
        for (let count = 0; count < 2; count++) {
          const app = await startSupportBot({ spillwayUrl: url, modelUrl: model.url });
          undo.push(() => app.close());
          apps.push(app);
        }
        const load = startLoad(
          apps.map(app => app.url),
          seededRandom(7),
        );
        undo.push(() => load.stop());
        return { apps, load };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The same program as this one, with `serve`: from source in the repository, from the bundle in the package. */
async function startServerProcess(
  folder: string,
  modelUrl: string,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [process.argv[1]!, 'serve', '--port', '0', '--data', folder, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      OPENAI_BASE_URL: modelUrl,
      OPENAI_API_KEY: 'simulated',
      SPILLWAY_TOKEN: '',
      SPILLWAY_SERVER: '',
    },
  });
  let log = '';
  child.stderr.on('data', chunk => {
    log = `${log}${chunk}`.slice(-4_000);
  });
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (what: string) =>
      reject(new SpillwayError('SERVER_UNREACHABLE', `The demo's server ${what}: ${log.trim()}`));
    const timer = setTimeout(() => fail('did not start in time'), START_LIMIT_MS);
    void exited.then(() => fail('ended'));
    let printed = '';
    createInterface({ input: child.stdout }).on('line', line => {
      printed += line;
      if (!printed.endsWith('}')) return;
      clearTimeout(timer);
      resolve((JSON.parse(printed) as { url: string }).url);
    });
  });
  return { url, stop };
}
