/** What every command is given: where it prints, where the data is, who asks, and when to stop. */
import { userInfo } from 'node:os';
import { SpillwayError } from '../errors.ts';
import type { WireRelease, WireReleaseList } from '../server/contract.ts';
import type { Client, WhereOptions } from './client.ts';
import type { KubeWhere } from './kube.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext extends WhereOptions {
  out: Terminal;
  /** Aborts on the first SIGINT or SIGTERM; a second one ends the process at once. */
  signal: AbortSignal;
  actor: string;
  /** --kube: the command is for a cluster. */
  kube?: KubeWhere;
}

export function currentActor(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a user id without a name, as in many containers
  }
}

/** The named release, the active release of the named artifact, or the only active one. */
export async function pickRelease(client: Client, name: string | undefined): Promise<WireRelease> {
  if (name?.startsWith('rel_')) return client.get<WireRelease>(`/api/v1/releases/${encodeURIComponent(name)}`);
  const query = name === undefined ? '' : `&artifact=${encodeURIComponent(name)}`;
  const { releases } = await client.get<WireReleaseList>(`/api/v1/releases?active=true${query}`);
  const [only, ...others] = releases;
  if (!only)
    throw new SpillwayError(
      'NOT_FOUND',
      name === undefined ? 'No release is active.' : `No release of ${name} is active.`,
    );
  if (others.length > 0)
    throw new SpillwayError(
      'AMBIGUOUS',
      `${releases.length} releases are active: ${releases.map(({ artifact }) => artifact).join(', ')}.`,
    );
  return only;
}
