/**
 * A program of the plane as a child process: its output in a file of its own, ended and started again on request. One that
 * ends by itself while the plane starts fails the start, with the last lines that it said.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';

export interface Launch {
  name: string;
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
}

export interface Program {
  name: string;
  pid(): number | undefined;
  start(): void;
  /** As a power cut would. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Waits until `look` is truthy. @throws with the log's tail when it ends or takes too long */
  ready(look: () => Promise<unknown>, withinMs?: number): Promise<void>;
  tail(): string;
}

const READY_MS = 90_000;
const TAIL_LINES = 25;

export function startProgram(folder: string, launch: Launch): Program {
  const log = join(folder, `${launch.name}.log`);
  let child: ChildProcess | undefined;
  let end: string | undefined;

  function start(): void {
    if (child) throw new Error(`${launch.name} runs already`);
    end = undefined;
    const out = openSync(log, 'a');
    const [command, ...args] = launch.argv;
    // A session of its own: Ctrl-C in the cluster's shell is for the shell's command, not for the plane.
    const begun = spawn(command!, args, {
      detached: true,
      stdio: ['ignore', out, out],
      env: { ...bareEnvironment(), ...launch.env },
    });
    closeSync(out);
    child = begun;
    begun.once('error', error => {
      end = error.message;
    });
    begun.once('close', (exit, signal) => {
      end = signal ?? `exit ${exit}`;
      if (child === begun) child = undefined;
    });
  }

  function tail(): string {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES);
    return `--- ${log}\n${lines.map(line => line.slice(0, 400)).join('\n')}`;
  }

  start();
  return {
    name: launch.name,
    pid: () => child?.pid,
    start,
    async kill() {
      const dying = child;
      if (!dying) return;
      const gone = new Promise(resolve => dying.once('close', resolve));
      dying.kill('SIGKILL');
      await gone;
    },
    async ready(look, withinMs = READY_MS) {
      const lookOrEnd = async () => (end === undefined ? (await look()) && 'ready' : 'ended');
      const found = await until('it is ready', lookOrEnd, { withinMs, everyMs: 50 }).catch(String);
      if (found !== 'ready') throw new Error(`${launch.name} ${found}: ${end ?? ''}\n${tail()}`);
    },
    tail,
  };
}

/** Nothing of the shell's: Traefik would follow its KUBECONFIG to another cluster, and Go programs its proxies. */
function bareEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG'].map(name => [name, process.env[name]]);
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
}
