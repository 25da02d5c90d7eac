/**
 * The outcome intake: keeps reported outcomes that an exposed release can learn from, and answers when they are durable.
 * Batches that arrive while the store writes go into the next transaction together (group commit): one sync to disk serves
 * all that wait. It judges nothing and drops nothing it said yes to.
 */
import type { Clock } from '../clock.ts';
import { asSpillwayError } from '../errors.ts';
import type { OutcomeRequest } from './outcome.ts';
import { type OutcomeDraft, type Rejection, type Sorted, type SortingRules, sortOutcomes } from './sort-outcomes.ts';

/** The part of the store that is needed here. */
interface OutcomeLog {
  appendOutcomes(batches: readonly OutcomeDraft[]): Promise<{ duplicates: number[] }>;
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

export interface IntakeOptions extends SortingRules {
  store: OutcomeLog;
  clock: Clock;
  /** New outcomes of this artifact are durable. Called once per artifact and commit; must not throw. */
  onStored(artifact: string): void;
  /** Batches that may wait for the store; default 2,000. */
  maxWaiting?: number;
}

/** Batches and outcomes in one transaction: bound how long one write holds up the rest of the process. */
const MAX_GROUP = 256;
const MAX_GROUP_OUTCOMES = 20_000;
/** Outcomes that may wait: some 60 MB, whatever the size of the batches. */
const MAX_WAITING_OUTCOMES = 400_000;

interface Waiting {
  outcomes: number;
  drafts: OutcomeDraft[];
  counts: { size: number; invalid: number }[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

export function outcomeIntake(options: IntakeOptions): OutcomeIntake {
  const { store, clock, onStored, maxWaiting = 2_000 } = options;
  const counts: OutcomeCounts = { stored: 0, ignored: 0, duplicate: 0, rejected: 0, invalid: 0 };
  let queue: Waiting[] = [];
  let waitingOutcomes = 0;
  let isCommitting = false;

  async function commitAll(): Promise<void> {
    isCommitting = true;
    while (queue.length > 0) {
      // One turn of the event loop: whatever has reached the sockets by now joins this transaction.
      await new Promise(resolve => setImmediate(resolve));
      await commit(nextGroup());
    }
    isCommitting = false;
  }

  /** At least one batch, however large. */
  function nextGroup(): Waiting[] {
    let outcomes = queue[0]!.outcomes;
    let count = 1;
    while (count < Math.min(queue.length, MAX_GROUP)) {
      outcomes += queue[count]!.outcomes;
      if (outcomes > MAX_GROUP_OUTCOMES) break;
      count += 1;
    }
    const group = queue.slice(0, count);
    queue = queue.slice(count);
    for (const waiting of group) waitingOutcomes -= waiting.outcomes;
    return group;
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
      const outcomes = sorted.counts.reduce((sum, { size }) => sum + size, 0);
      waitingOutcomes += outcomes;
      queue.push({ outcomes, drafts: sorted.drafts, counts: sorted.counts, resolve, reject });
      if (!isCommitting) void commitAll();
    });
  }

  return {
    async submit(request) {
      if (queue.length >= maxWaiting || waitingOutcomes >= MAX_WAITING_OUTCOMES) return 'overloaded';
      const sorted = sortOutcomes(request, options, clock.nowMs());
      if (sorted.drafts.length > 0) await durable(sorted);
      counts.ignored += sorted.ignored;
      counts.rejected += sorted.rejected.length - sorted.invalid;
      return { accepted: request.outcomes.length - sorted.rejected.length, rejected: sorted.rejected };
    },
    counts: () => ({ ...counts }),
  };
}
