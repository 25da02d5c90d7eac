/*
 * SciPy in a Python process of its own, asked line by line. Installed once, into a virtual environment in the user's cache folder:
 * the repository has no Python of its own.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const VERSION = '1.17.1';

/** The Python of an environment with SciPy. @throws where there is no Python 3.11 or newer, or no network for the first run */
export function installScipy(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'spillway-bench', `scipy-${VERSION}`);
  const python = join(folder, 'bin', 'python');
  const installed = join(folder, 'installed');
  if (existsSync(installed)) return python;
  console.log(`installing SciPy ${VERSION} into ${folder}`);
  execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `scipy==${VERSION}`], {
    stdio: 'inherit',
  });
  execFileSync('touch', [installed]);
  return python;
}

export interface LineProcess {
  /** The next line of its output as JSON; with a question, after sending that. */
  next(question?: string): Promise<unknown>;
  end(): void;
}

export function startLineProcess(command: string, script: string): LineProcess {
  const child: ChildProcess = spawn(command, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    async next(question) {
      if (question !== undefined) child.stdin!.write(`${question}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ended early`);
      return JSON.parse(value);
    },
    end: () => child.stdin!.end(),
  };
}
