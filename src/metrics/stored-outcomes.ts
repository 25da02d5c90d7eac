/**
 * The compact form of a batch in the store: an array whose first element lists the versions, and whose every further
 * element is one outcome as a row of values (half the bytes of objects, a quarter when version digests repeat):
 *
 *     [["sha256:…", "sha256:…"], [0, "user-1", "id-1", 1767225600000, 120.5, 0, 0.9], [1, "user-2", null, 1767225600010, "invalid"]]
 *
 * A row: index of the version, unit, id, at (ms), latencyMs, error (0 or 1), quality, costUsd, tokens; `null` is "not
 * reported" and trailing nulls are cut. An invalid outcome has the word "invalid" in place of its values.
 */
import type { Json } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import type { ReadOutcome, StoredOutcome } from './outcome.ts';

const INVALID = 'invalid';
type Value = string | number | null;

/** Collects the outcomes of one batch that go to one artifact. */
export interface OutcomePacker {
  add(outcome: ReadOutcome, receivedAtMs: number): void;
  packed(): Json;
}

export function outcomePacker(): OutcomePacker {
  const versions: string[] = [];
  const rows: Json[] = [versions];
  return {
    add(outcome, receivedAtMs) {
      let index = versions.indexOf(outcome.version);
      if (index < 0) index = versions.push(outcome.version) - 1;
      const row: Value[] = [index, outcome.unit, outcome.id ?? null, outcome.atMs ?? receivedAtMs];
      if (outcome.flaw !== undefined) row.push(INVALID);
      else appendValues(row, outcome);
      rows.push(row);
    },
    packed: () => rows,
  };
}

function appendValues(row: Value[], outcome: ReadOutcome): void {
  const { latencyMs, error, quality, costUsd, tokens } = outcome;
  row.push(
    latencyMs ?? null,
    error === undefined ? null : Number(error),
    quality ?? null,
    costUsd ?? null,
    tokens ?? null,
  );
  while (row[row.length - 1] === null) row.pop();
}

/**
 * Reads `OutcomeBatch.outcomes` back, in the order of the report.
 * @throws SpillwayError STORE_CORRUPT when it is not what `outcomePacker` wrote
 */
export function readStoredOutcomes(packed: Json): StoredOutcome[] {
  if (!Array.isArray(packed) || !Array.isArray(packed[0])) throw corrupt('no list of versions');
  const versions = packed[0];
  return packed.slice(1).map(row => readStoredOutcome(row, versions));
}

/** One row; `versions` is the first element of its batch. */
function readStoredOutcome(row: Json, versions: Json[]): StoredOutcome {
  if (!Array.isArray(row)) throw corrupt('an outcome is no row');
  const [index, unit, id, atMs, latencyMs, error, quality, costUsd, tokens] = row;
  const version = typeof index === 'number' ? versions[index] : undefined;
  if (typeof version !== 'string' || typeof unit !== 'string' || typeof atMs !== 'number')
    throw corrupt('an outcome lacks its version, unit or time');
  const outcome: StoredOutcome = { version, unit, atMs };
  if (typeof id === 'string') outcome.id = id;
  if (latencyMs === INVALID) return { ...outcome, invalid: true };
  if (typeof latencyMs === 'number') outcome.latencyMs = latencyMs;
  if (typeof error === 'number') outcome.error = error === 1;
  if (typeof quality === 'number') outcome.quality = quality;
  if (typeof costUsd === 'number') outcome.costUsd = costUsd;
  if (typeof tokens === 'number') outcome.tokens = tokens;
  return outcome;
}

function corrupt(what: string): SpillwayError {
  return new SpillwayError('STORE_CORRUPT', `A stored batch of outcomes cannot be read: ${what}.`);
}
