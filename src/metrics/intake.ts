/**
 * The outcome intake: checks reported outcomes, keeps those that an exposed release can learn from, and answers when they
 * are durable. Batches that arrive while the store writes go into the next transaction together (group commit): one
 * sync to disk serves all that wait. It judges nothing and drops nothing it said yes to.
 */
import type { Clock } from '../clock.ts';
import type { Json } from '../config/plan.ts';
import { asSpillwayError } from '../errors.ts';
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

/** The part of the store that is needed here. */
interface OutcomeLog {
  appendOutcomes(batches: readonly OutcomeDraft[]): Promise<{ duplicates: number[] }>;
}

interface Rejection {
  /** Place in the batch, from 0. */
  index: number;
  code: RejectionCode;
  message: string;
}

interface OutcomeAnswer {
  accepted: number;
  rejected: Rejection[];
}

/** Since the start, each outcome in one of them. `invalid` ones are stored and also reported as rejected. */
export interface OutcomeCounts {
  stored: number;
  ignored: number;
  duplicate: number;
  rejected: number;
  invalid: number;
}

export interface OutcomeIntake {
  /**
   * Resolves when the outcomes are durable; `overloaded` when too many batches wait: send the same one again later.
   * @throws SpillwayError STORE_UNAVAILABLE: nothing of it was kept, send the same sequence again
   */
  submit(request: OutcomeRequest): Promise<OutcomeAnswer | 'overloaded'>;
  counts(): OutcomeCounts;
}

export interface IntakeOptions {
  store: OutcomeLog;
  clock: Clock;
  known(artifact: string): KnownArtifact | undefined;
  /** New outcomes of this artifact are durable. Called once per artifact and commit; must not throw. */
  onStored(artifact: string): void;
  onRejected?(artifact: string | undefined, code: RejectionCode): void;
  /** Batches that may wait for the store; default 2,000. */
  maxWaiting?: number;
}

/** Batches in one transaction: bounds how long one write holds up the rest of the process. */
const MAX_GROUP = 256;

interface Waiting {
  drafts: OutcomeDraft[];
  counts: { size: number; invalid: number }[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

export function outcomeIntake(options: IntakeOptions): OutcomeIntake {
  const { store, clock, onStored, maxWaiting = 2_000 } = options;
  const counts: OutcomeCounts = { stored: 0, ignored: 0, duplicate: 0, rejected: 0, invalid: 0 };
  let queue: Waiting[] = [];
  let isCommitting = false;

  async function commitAll(): Promise<void> {
    isCommitting = true;
    while (queue.length > 0) {
      // One turn of the event loop: whatever has reached the sockets by now joins this transaction.
      await new Promise(resolve => setImmediate(resolve));
      const group = queue.slice(0, MAX_GROUP);
      queue = queue.slice(MAX_GROUP);
      await commit(group);
    }
    isCommitting = false;
  }

  async function commit(group: Waiting[]): Promise<void> {
    const drafts = group.flatMap(waiting => waiting.drafts);
    try {
      const { duplicates } = await store.appendOutcomes(drafts);
      countStored(group, new Set(duplicates));
      for (const waiting of group) waiting.resolve();
      for (const artifact of new Set(drafts.map(draft => draft.artifact))) onStored(artifact);
    } catch (error) {
      const failure = asSpillwayError(error, 'STORE_UNAVAILABLE');
      for (const waiting of group) waiting.reject(failure);
    }
  }

  function countStored(group: Waiting[], duplicates: Set<number>): void {
    let index = 0;
    for (const waiting of group)
      for (const { size, invalid } of waiting.counts) {
        if (duplicates.has(index++)) counts.duplicate += size;
        else {
          counts.stored += size - invalid;
          counts.invalid += invalid;
        }
      }
  }

  function durable(sorted: Sorted): Promise<void> {
    return new Promise((resolve, reject) => {
      queue.push({ drafts: sorted.drafts, counts: sorted.counts, resolve, reject });
      if (!isCommitting) void commitAll();
    });
  }

  return {
    async submit(request) {
      if (queue.length >= maxWaiting) return 'overloaded';
      const sorted = sortOutcomes(request, options, clock.nowMs());
      if (sorted.drafts.length > 0) await durable(sorted);
      counts.ignored += sorted.ignored;
      counts.rejected += sorted.rejected.length - sorted.invalid;
      return { accepted: request.outcomes.length - sorted.rejected.length, rejected: sorted.rejected };
    },
    counts: () => ({ ...counts }),
  };
}

interface Sorted {
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
function sortOutcomes(request: OutcomeRequest, options: IntakeOptions, nowMs: number): Sorted {
  const piles = new Map<string, Pile>();
  const sorted: Sorted = { drafts: [], counts: [], rejected: [], ignored: 0, invalid: 0 };
  request.outcomes.forEach((raw, index) => {
    const outcome = readOutcome(raw);
    const rejection = refusal(outcome, options, nowMs);
    if (rejection) {
      sorted.rejected.push({ index, ...rejection });
      options.onRejected?.(typeof outcome === 'string' ? undefined : outcome.artifact, rejection.code);
      if (typeof outcome === 'string' || rejection.code !== 'INVALID_FIELD') return;
    }
    if (typeof outcome === 'string') return;
    if (!options.known(outcome.artifact)?.storing) {
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
  options: IntakeOptions,
  nowMs: number,
): { code: RejectionCode; message: string } | undefined {
  if (typeof outcome === 'string') return { code: 'INVALID_FIELD', message: outcome };
  const known = options.known(outcome.artifact);
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
