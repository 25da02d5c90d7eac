/** A container's process: started with its output in a file, signalled by its id, and the end with its exit code. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';

export interface Start {
  argv: readonly string[];
  environment: Readonly<Record<string, string>>;
  directory: string;
  logFile: string;
}

export interface End {
  exitCode: number;
  signal?: number;
  /** When it could not even be started. */
  failure?: string;
}

export interface ContainerProcess {
  pid: number | undefined;
  ended: Promise<End>;
  signal(name: NodeJS.Signals): void;
}

export function startProcess({ argv, environment, directory, logFile }: Start): ContainerProcess {
  const log = openSync(logFile, 'a');
  const [command, ...args] = argv;
  // A process group of its own, so that what it has started goes when it goes, as in a container.
  const child = spawn(command!, args, {
    cwd: directory,
    env: environment,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = new Promise<End>(resolve => {
    child.once('error', error => resolve({ exitCode: 128, failure: error.message }));
    child.once('exit', (exit, name) => {
      killGroup(child.pid);
      const signal = name === null ? undefined : constants.signals[name];
      resolve(signal === undefined ? { exitCode: exit! } : { exitCode: 128 + signal, signal });
    });
  });
  return { pid: child.pid, ended, signal: name => void child.kill(name) };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody was left.
  }
}
