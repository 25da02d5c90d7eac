/** Finds the last release of an artifact that users met, on the server or in the data folder. Reads only. */
import { systemClock } from '../../clock.ts';
import { releaseOf } from '../../controller/run.ts';
import { SpillwayError } from '../../errors.ts';
import { toWire, type WireRelease, type WireReleaseList } from '../../server/contract.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { findServer, type WhereOptions } from '../client.ts';

/** Newer releases that failed their tests are passed over; beyond this many nobody is looked for. */
const LOOKED_AT = 50;

/** Newest first, those whose stages have something to read. @throws SpillwayError when a named server does not answer */
export async function exposedReleases(artifact: string, where: WhereOptions, actor: string): Promise<WireRelease[]> {
  const server = await findServer(where, actor);
  const query = new URLSearchParams({ artifact, limit: String(LOOKED_AT) });
  const releases = server
    ? (await server.get<WireReleaseList>(`/api/v1/releases?${query}`)).releases
    : await fromFolder(artifact, where.data);
  return releases.filter(({ stages }) => stages.some(({ enteredAt }) => enteredAt !== undefined));
}

async function fromFolder(artifact: string, data: string): Promise<WireRelease[]> {
  const store = await openSqliteStore({ folder: data, clock: systemClock, readonly: true }).catch(error => {
    if (error instanceof SpillwayError && error.code === 'NOT_FOUND') return undefined; // nothing was ever released here
    throw error;
  });
  if (!store) return [];
  try {
    const { releases } = await store.listReleases({ artifact, limit: LOOKED_AT });
    return releases.map(stored => toWire(releaseOf(stored)));
  } finally {
    await store.close();
  }
}
