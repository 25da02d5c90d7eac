/** Whether this machine can hold a cluster: namespaces to put it in, and the programs or what builds them. */
import { spawnSync } from 'node:child_process';
import { missing } from './build/cache.ts';

const NAMESPACES = ['-n', '-p', '-f', '--kill-child', '--mount-proc'];

/** `unshare` with what it needs here; a user namespace makes do for one who is not root. Undefined: not possible. */
export function unshareCommand(): string[] | undefined {
  return [
    ['unshare', ...NAMESPACES],
    ['unshare', '-r', ...NAMESPACES],
  ].find(([command, ...args]) => spawnSync(command!, [...args, 'true']).status === 0);
}

/** Why there can be no cluster here, as one line; undefined when there can. */
export function obstacle(): string | undefined {
  if (process.platform !== 'linux') return 'the test cluster needs Linux namespaces';
  if (!unshareCommand()) return 'the test cluster needs root, or the right to make namespaces (unshare -r)';
  const lacking = missing().map(({ name }) => name);
  if (lacking.length === 0 || spawnSync('go', ['version']).status === 0) return undefined;
  return `the test cluster needs Go 1.26 to build ${lacking.join(', ')}: https://go.dev/dl`;
}
