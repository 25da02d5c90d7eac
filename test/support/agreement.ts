/** Holds all that tell apps what to serve against one another: the release, the stream, OFREP and an SDK in use. */
import type { WireRelease } from '../../src/server/contract.ts';
import { assign } from '../../src/traffic/assignment.ts';
import type { Api } from './api.ts';
import { ARTIFACT } from './documents.ts';
import { until } from './until.ts';
import type { Users } from './users.ts';

const units = Array.from({ length: 25 }, (_, at) => `someone-${at}`);

/** Waits until they agree on the split; from then on the users are on the watch for every version that was rolled back. */
export async function expectAgreement(client: Api, users: Users): Promise<void> {
  await until('release, stream, OFREP and SDK agree on the split', () => doAgree(client, users), {
    withinMs: 8_000,
    instead: async () => [await client.active(), await client.assignments(), users.prompts.stats()],
  });
  const { releases } = (await client.call('GET', '/api/v1/releases?limit=1000')).json as { releases: WireRelease[] };
  for (const { phase, version } of releases) if (phase === 'rolledBack') users.forbid(version);
}

async function doAgree(client: Api, users: Users): Promise<boolean> {
  const [before] = await client.active();
  const [live] = await client.assignments();
  if (!live) return false;
  const split = { salt: live.salt, weight: live.weight, candidate: live.candidate?.version ?? null };
  const wanted = units.map(unit => assign(split, unit).variant);
  const byOfrep = await Promise.all(units.map(async unit => (await client.resolve(ARTIFACT, unit)).variant));
  const bySdk = units.map(unit => users.prompts.prompt(ARTIFACT, { unit }).variant);
  const [after] = await client.active();
  // While a stage changes they may differ; what counts is a moment at which nothing moved.
  if (before?.id !== after?.id || before?.weight !== after?.weight) return false;
  const weight = before?.weight ?? 0;
  if (live.weight > weight) throw new Error(`live at ${live.weight} %, the release at ${weight} %`);
  return live.weight === weight && same(wanted, byOfrep) && same(wanted, bySdk);
}

const same = (a: readonly string[], b: readonly string[]) => a.join() === b.join();
