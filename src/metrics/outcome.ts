/**
 * One reported outcome of a served version: reading it from untrusted JSON, and the compact form in which it is kept.
 * Hand-written instead of a schema, because this runs for every single outcome (tens of thousands a second). What cannot
 * be a number is never repaired and never dropped in silence: it stays visible as an invalid outcome of its version.
 */
import { SpillwayError } from '../errors.ts';

/** Why an outcome was refused. FUTURE: its time is more than a minute ahead of the server's clock. */
export type RejectionCode = 'UNKNOWN_ARTIFACT' | 'UNKNOWN_VERSION' | 'INVALID_FIELD' | 'FUTURE';

/** Milliseconds by which an app's clock may be ahead. */
export const MAX_AHEAD_MS = 60_000;
const MAX_TEXT = 256;
const MAX_OUTCOMES = 10_000;

/** An outcome as stored and read back. Absent fields were not reported. */
export interface StoredOutcome {
  /** sha256:<hex> of the version that answered. */
  version: string;
  unit: string;
  id?: string;
  /** Wall clock of the app, or of the receipt where the app gave none. Milliseconds since 1970 UTC. */
  atMs: number;
  latencyMs?: number;
  error?: boolean;
  /** 0 to 1. */
  quality?: number;
  costUsd?: number;
  tokens?: number;
  /** A number of it was NaN, negative, out of range or no number at all: it carries no values, only the fact. */
  invalid?: true;
}

/** What was read of one outcome. `flaw` says which number is unusable; the names in it are sound. */
export interface ReadOutcome extends Omit<StoredOutcome, 'atMs' | 'invalid'> {
  artifact: string;
  atMs?: number;
  flaw?: string;
}

export interface OutcomeRequest {
  client?: string;
  sequence?: number;
  outcomes: readonly unknown[];
}

/**
 * The envelope of a batch.
 * @throws SpillwayError REQUEST_INVALID: no object, unknown field, `client` without `sequence`, more than 10,000 outcomes
 */
export function readOutcomeRequest(body: unknown): OutcomeRequest {
  if (!isObject(body)) throw invalidRequest('', 'must be an object { client, sequence, outcomes }');
  for (const key in body)
    if (key !== 'client' && key !== 'sequence' && key !== 'outcomes')
      throw invalidRequest(key, 'is not a field of an outcome batch; allowed: client, sequence, outcomes');
  const { client, sequence, outcomes } = body;
  if (!Array.isArray(outcomes)) throw invalidRequest('outcomes', 'must be an array');
  if (outcomes.length > MAX_OUTCOMES)
    throw invalidRequest('outcomes', `holds ${outcomes.length} outcomes; at most ${MAX_OUTCOMES} in one batch`);
  if (client === undefined && sequence === undefined) return { outcomes };
  if (!isText(client))
    throw invalidRequest('client', `must be a string of 1 to ${MAX_TEXT} characters, with \`sequence\``);
  if (!Number.isSafeInteger(sequence) || (sequence as number) < 0)
    throw invalidRequest('sequence', 'must be an integer from 0, with `client`');
  return { client, sequence: sequence as number, outcomes };
}

/** @returns the outcome, or one sentence that says why nothing can be made of it. Unknown fields are refused. */
export function readOutcome(raw: unknown): ReadOutcome | string {
  if (!isObject(raw)) return 'an outcome must be an object';
  const { artifact, version, unit, id, at, error } = raw;
  if (!isText(artifact)) return textRule('artifact');
  if (!isText(version)) return textRule('version');
  if (!isText(unit)) return textRule('unit');
  const outcome: ReadOutcome = { artifact, version, unit };
  if (id !== undefined && id !== null) {
    if (!isText(id)) return textRule('id');
    outcome.id = id;
  }
  if (at !== undefined && at !== null) {
    const atMs = parseTimestamp(at);
    if (atMs === undefined) return '`at` must be an RFC 3339 time, for example 2026-01-31T12:00:00.000Z';
    outcome.atMs = atMs;
  }
  if (typeof error === 'boolean') outcome.error = error;
  else if (typeof error === 'string') outcome.error = error !== '';
  else if (error !== undefined && error !== null) outcome.flaw = '`error` must be true, false or a message';
  return readNumbers(raw, outcome);
}

/** Adds the measured values; the first that is no number of its kind becomes the flaw. */
function readNumbers(raw: Record<string, unknown>, outcome: ReadOutcome): ReadOutcome | string {
  for (const key in raw) {
    if (NAMES.has(key)) continue;
    if (!isNumberField(key)) return `\`${key.slice(0, 64)}\` is not a field of an outcome`;
    const value = raw[key];
    const { holds, rule } = NUMBERS[key];
    if (holds(value)) outcome[key] = value as number;
    else outcome.flaw ??= `\`${key}\` must be ${rule}`;
  }
  return outcome;
}

type NumberField = 'latencyMs' | 'quality' | 'costUsd' | 'tokens';
const NAMES = new Set(['artifact', 'version', 'unit', 'id', 'at', 'error']);
const NUMBERS: Record<NumberField, { holds: (value: unknown) => boolean; rule: string }> = {
  latencyMs: { holds: value => isNumber(value) && value >= 0, rule: 'a finite number of milliseconds, 0 or more' },
  quality: { holds: value => isNumber(value) && value >= 0 && value <= 1, rule: 'a number from 0 to 1' },
  costUsd: { holds: value => isNumber(value) && value >= 0, rule: 'a finite number, 0 or more' },
  tokens: { holds: value => Number.isSafeInteger(value) && (value as number) >= 0, rule: 'an integer, 0 or more' },
};

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

function parseTimestamp(value: unknown): number | undefined {
  if (typeof value !== 'string' || !RFC_3339.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

function isNumberField(key: string): key is NumberField {
  return Object.hasOwn(NUMBERS, key);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function textRule(field: string): string {
  return `\`${field}\` must be a string of 1 to ${MAX_TEXT} characters`;
}

function invalidRequest(path: string, message: string): SpillwayError {
  const what = path === '' ? 'The body' : `\`${path}\``;
  return new SpillwayError('REQUEST_INVALID', `${what} ${message}.`, { problems: [{ path, message }] });
}
