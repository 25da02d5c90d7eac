/**
 * One outcome, from what an app hands over to what is sent. Pure. What could not be counted by the server is refused
 * here already: a NaN would become null in JSON, and a half-true outcome is worse evidence than none.
 */
/** What happened to one unit with one answer. Numbers are finite and not negative, texts at most 256 characters. */
export interface Outcome {
  artifact: string;
  /** Of the resolution; without one (a fallback answered) there is nothing to compare, and the outcome is dropped. */
  version: string | undefined;
  unit: string;
  /** Default: now. */
  at?: string | Date;
  latencyMs?: number;
  error?: boolean;
  /** 0 to 1, higher is better. */
  quality?: number;
  costUsd?: number;
  /** A whole number. */
  tokens?: number;
  /** Default: unique. The same id counts once. */
  id?: string;
}

/** As it is sent: only what the server knows, because it refuses other fields. */
export interface WireOutcome {
  artifact: string;
  version: string;
  unit: string;
  /** RFC 3339 UTC. */
  at: string;
  id?: string;
  latencyMs?: number;
  error?: boolean;
  quality?: number;
  costUsd?: number;
  tokens?: number;
}

/** The server takes no longer ones, and refuses a body that they made too large as a whole. */
const LONGEST_TEXT = 256;

/** A copy, so that the app may reuse its object. Undefined when the server could not count it. Never throws. */
export function toWire(outcome: Outcome, nowMs: number): WireOutcome | undefined {
  try {
    const { artifact, version, unit, error, id } = outcome;
    if (!isText(artifact) || !isText(version) || !isText(unit)) return undefined;
    const wire: WireOutcome = { artifact, version, unit, at: new Date(outcome.at ?? nowMs).toISOString() };
    if (isText(id)) wire.id = id;
    else if (typeof id === 'string' && id !== '') return undefined;
    if (error !== undefined) wire.error = Boolean(error);
    for (const name of ['latencyMs', 'quality', 'costUsd', 'tokens'] as const) {
      const value = outcome[name];
      if (value === undefined || value === null) continue;
      if (!Number.isFinite(value)) return undefined;
      wire[name] = value;
    }
    return wire;
  } catch {
    return undefined; // not an object, or a time that is none
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT;
}
