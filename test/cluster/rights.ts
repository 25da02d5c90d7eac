/** Whether this machine can hold a cluster: namespaces to put it in, and the programs or what builds them. */
import { spawnSync } from 'node:child_process';
import { missing } from './build/cache.ts';
import { TOOLS, type Tool } from './build/tools.ts';

/** A network, process ids and mounts of its own, all gone with the first process in it. */
export const UNSHARE = ['unshare', '-n', '-p', '-f', '--kill-child', '--mount-proc'];

export function canUnshare(): boolean {
  const [command, ...args] = UNSHARE;
  return spawnSync(command!, [...args, 'true']).status === 0;
}

/** Why there can be no cluster here, as one line; undefined when there can. */
export function obstacle(tools: readonly Tool[] = TOOLS): string | undefined {
  if (process.platform !== 'linux') return 'the test cluster needs Linux namespaces';
  // A user namespace would do for the network, but the overlay that volumes need was refused in one.
  if (!canUnshare()) return 'the test cluster needs root, for namespaces (unshare)';
  const lacking = missing(tools).flatMap(({ name, how }) => (how === 'go build' ? [name] : []));
  if (lacking.length === 0 || spawnSync('go', ['version']).status === 0) return undefined;
  return `the test cluster needs Go 1.26 to build ${lacking.join(', ')}: https://go.dev/dl`;
}
