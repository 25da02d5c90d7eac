/**
 * Sorts a request of outcomes: what is refused and why, what nobody listens to, and what goes to the store, packed by
 * artifact. Asks what is served now; keeps nothing and waits for nothing.
 */
import type { Json } from '../config/plan.ts';
import { MAX_AHEAD_MS, type OutcomeRequest, type ReadOutcome, type RejectionCode, readOutcome } from './outcome.ts';
import { type OutcomePacker, outcomePacker } from './stored-outcomes.ts';

/** What the intake must know of an artifact. */
export interface KnownArtifact {
  versions: { baseline: string; candidate: string | null };
  /** True while a release is exposed: only then do outcomes carry evidence. */
  storing: boolean;
}

export interface OutcomeDraft {
  client: string | null;
  sequence: number | null;
  artifact: string;
  receivedAt: number;
  outcomes: Json;
}

export interface Rejection {
  /** Place in the batch, from 0. */
  index: number;
  code: RejectionCode;
  message: string;
}

export interface SortingRules {
  known(artifact: string): KnownArtifact | undefined;
  onRejected?(artifact: string | undefined, code: RejectionCode): void;
}

export interface Sorted {
  drafts: OutcomeDraft[];
  /** Beside `drafts`. */
  counts: { size: number; invalid: number }[];
  rejected: Rejection[];
  ignored: number;
  invalid: number;
}

interface Pile {
  packer: OutcomePacker;
  size: number;
  invalid: number;
}

/** A bad outcome is set aside alone; the sound ones of an artifact become one draft. */
export function sortOutcomes(request: OutcomeRequest, rules: SortingRules, nowMs: number): Sorted {
  const piles = new Map<string, Pile>();
  const sorted: Sorted = { drafts: [], counts: [], rejected: [], ignored: 0, invalid: 0 };
  request.outcomes.forEach((raw, index) => {
    const outcome = readOutcome(raw);
    const rejection = refusal(outcome, rules, nowMs);
    if (rejection) {
      sorted.rejected.push({ index, ...rejection });
      rules.onRejected?.(typeof outcome === 'string' ? undefined : outcome.artifact, rejection.code);
      if (typeof outcome === 'string' || rejection.code !== 'INVALID_FIELD') return;
    }
    if (typeof outcome === 'string') return;
    if (!rules.known(outcome.artifact)?.storing) {
      if (!rejection) sorted.ignored += 1;
      return;
    }
    const pile = piles.get(outcome.artifact) ?? { packer: outcomePacker(), size: 0, invalid: 0 };
    piles.set(outcome.artifact, pile);
    pile.packer.add(outcome, nowMs);
    pile.size += 1;
    if (rejection) pile.invalid += 1;
  });
  const { client = null, sequence = null } = request;
  for (const [artifact, { packer, size, invalid }] of piles) {
    sorted.drafts.push({ client, sequence, artifact, receivedAt: nowMs, outcomes: packer.packed() });
    sorted.counts.push({ size, invalid });
    sorted.invalid += invalid;
  }
  return sorted;
}

function refusal(
  outcome: ReadOutcome | string,
  rules: SortingRules,
  nowMs: number,
): { code: RejectionCode; message: string } | undefined {
  if (typeof outcome === 'string') return { code: 'INVALID_FIELD', message: outcome };
  const known = rules.known(outcome.artifact);
  if (!known) return { code: 'UNKNOWN_ARTIFACT', message: `no artifact \`${outcome.artifact}\` is served here` };
  const { baseline, candidate } = known.versions;
  if (outcome.version !== baseline && outcome.version !== candidate)
    return {
      code: 'UNKNOWN_VERSION',
      message: `\`${outcome.version}\` is not served now, neither as baseline nor as candidate`,
    };
  if (outcome.atMs !== undefined && outcome.atMs > nowMs + MAX_AHEAD_MS)
    return { code: 'FUTURE', message: '`at` is more than 60 s ahead of the server: check the clock of the app' };
  if (outcome.flaw !== undefined) return { code: 'INVALID_FIELD', message: outcome.flaw };
  return undefined;
}
