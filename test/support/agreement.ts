/** Holds all that tell apps what to serve against one another: the release, the stream, OFREP and an SDK in use. */
import type { WireRelease } from '../../src/server/contract.ts';
import { assign } from '../../src/traffic/assignment.ts';
import type { Assignment } from '../../src/traffic/registry.ts';
import type { Api } from './api.ts';
import { ARTIFACT } from './documents.ts';
import { until } from './until.ts';
import type { Users } from './users.ts';

/** So many that at 10 % an SDK that still resolves an older split cannot agree by chance: 0.9^400. */
const units = Array.from({ length: 400 }, (_, at) => `someone-${at}`);
/** Of these OFREP is asked, a request each; it has no state of its own that could be old. */
const ASKED = 25;

/** Waits until they agree on the split; from then on nobody may be given a version that was rolled back before that. */
export async function expectAgreement(client: Api, users: Users): Promise<void> {
  // Asked first: what is rolled back after the agreement is on its way to the SDK, and told by the release already.
  const { releases } = (await client.call('GET', '/api/v1/releases?limit=1000')).json as { releases: WireRelease[] };
  await until('release, stream, OFREP and SDK agree on the split', () => doAgree(client, users), {
    withinMs: 8_000,
    instead: async () => [await client.active(), await client.assignments(), users.prompts.stats()],
  });
  for (const { phase, version } of releases) if (phase === 'rolledBack') users.forbid(version);
}

async function doAgree(client: Api, users: Users): Promise<boolean> {
  const [before] = await client.active();
  const [live] = await client.assignments();
  if (!live) return false;
  const wanted = units.map(unit => versionFor(unit, live));
  const bySdk = units.map(unit => users.prompts.prompt(ARTIFACT, { unit }).version);
  const byOfrep = await Promise.all(
    units.slice(0, ASKED).map(async unit => (await client.resolve(ARTIFACT, unit)).version),
  );
  const [after] = await client.active();
  // While a stage changes they may differ; what counts is a moment at which nothing moved.
  if (before?.id !== after?.id || before?.weight !== after?.weight) return false;
  const weight = before?.weight ?? 0;
  if (live.weight > weight) throw new Error(`live at ${live.weight} %, the release at ${weight} %`);
  return live.weight === weight && same(wanted.slice(0, ASKED), byOfrep) && same(wanted, bySdk);
}

function versionFor(unit: string, { salt, weight, baseline, candidate }: Assignment): string {
  const { variant } = assign({ salt, weight, candidate: candidate?.version ?? null }, unit);
  return variant === 'candidate' ? candidate!.version : baseline.version;
}

const same = (a: readonly unknown[], b: readonly unknown[]) => a.join() === b.join();
