/**
 * A Kubernetes cluster for one command: `npm run cluster -- kubectl get nodes`, or alone for a shell. Builds what it
 * needs and is missing, makes the namespaces and the folder, and removes the folder. Whatever ends this process ends the cluster.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build/main.ts';
import { BuildFailure } from './build/make.ts';
import { toolsFor } from './build/tools.ts';
import { obstacle, UNSHARE } from './rights.ts';

const say = (line: string) => void process.stderr.write(`cluster: ${line}\n`);

/** @returns the command's exit status */
export async function up(command: readonly string[]): Promise<number> {
  const tools = toolsFor(command);
  const why = obstacle(tools);
  if (why !== undefined) {
    say(why);
    return 69;
  }
  await build(
    say,
    tools.map(({ name }) => name),
  );
  const folder = mkdtempSync(join(tmpdir(), 'spillway-cluster-'));
  try {
    return await runInside(folder, command);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runInside(folder: string, command: readonly string[]): Promise<number> {
  const inside = [process.execPath, join(import.meta.dirname, 'inside.ts'), folder, ...command];
  // A shell is the first process of the namespace, because it reaps what others leave behind; Node does not.
  const first = ['sh', '-c', '"$@"; exit $?', 'cluster', ...inside];
  // --pdeathsig: were this process killed, unshare would otherwise live on, and the cluster with it.
  const [program, ...args] = ['setpriv', '--pdeathsig', 'KILL', ...UNSHARE, ...first];
  const child = spawn(program!, args, { stdio: 'inherit' });
  const end = () => void child.kill('SIGKILL');
  // Ctrl-C reaches the inside as well, which knows what it is for.
  process.on('SIGINT', () => undefined);
  process.once('SIGTERM', end).once('SIGHUP', end);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exit, signal) => resolve(exit ?? 128 + constants.signals[signal!]));
  });
}

if (import.meta.main) {
  try {
    process.exitCode = await up(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    say(`${error.message}\n${error.hint}`);
    process.exitCode = 69;
  }
}
