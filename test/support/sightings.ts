/**
 * Watches the stream of assignments over every restart and writes down each route that was ever live, as an SDK sees it.
 * What may be live is then held against the audit: no weight without a record, no epoch going back.
 */
import type { AuditEvent } from '../../src/store/store.ts';
import type { Assignment } from '../../src/traffic/registry.ts';
import { readAssignments } from './api.ts';
import type { Room } from './room.ts';

export interface Sighting {
  epoch: number;
  weight: number;
  releaseId: string | null;
  baseline: string;
  candidate: string | null;
}

export interface Sightings {
  list: readonly Sighting[];
  stop(): Promise<void>;
}

/** @param url where the server listens at present; it comes and goes */
export function watchRoutes(room: Room, url: () => string): Sightings {
  const list: Sighting[] = [];
  const stopped = new AbortController();
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      await readAssignments(url(), stopped.signal, (event, assignment) => {
        if (event === 'assignment') list.push(sighting(assignment));
        return true;
      }).catch(() => undefined);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  })();
  const stop = () => {
    stopped.abort();
    return watching;
  };
  room.atEnd(stop);
  return { list, stop };
}

function sighting({ epoch, weight, releaseId, baseline, candidate }: Assignment): Sighting {
  return { epoch, weight, releaseId, baseline: baseline.version, candidate: candidate?.version ?? null };
}

/** What was live and should not have been; empty when all is well. */
export function flawsOf(list: readonly Sighting[], audit: readonly AuditEvent[]): string[] {
  const flaws: string[] = [];
  const recorded = new Set(audit.map(({ releaseId, weightAfter }) => `${releaseId} at ${weightAfter} %`));
  const byEpoch = new Map<number, string>();
  let highest = -1;
  for (const seen of list) {
    const text = JSON.stringify(seen);
    if (seen.epoch < highest) flaws.push(`an epoch went back from ${highest}: ${text}`);
    highest = Math.max(highest, seen.epoch);
    const before = byEpoch.get(seen.epoch);
    if (before !== undefined && before !== text) flaws.push(`one epoch with two routes: ${before} and ${text}`);
    byEpoch.set(seen.epoch, text);
    if (seen.weight > 0 && !recorded.has(`${seen.releaseId} at ${seen.weight} %`))
      flaws.push(`a weight without a record: ${text}`);
  }
  return flaws;
}

/** Decisions that do not follow from one another; empty when each event begins at the weight where the one before ended. */
export function gapsOf(audit: readonly AuditEvent[]): string[] {
  const weights = new Map<string, number>();
  const gaps: string[] = [];
  for (const { releaseId, kind, seq, weightBefore, weightAfter } of audit) {
    if (releaseId === null) continue;
    const before = weights.get(releaseId) ?? 0;
    if (before !== weightBefore)
      gaps.push(`event ${seq} (${kind}) begins at ${weightBefore} %, the one before ended at ${before} %`);
    weights.set(releaseId, weightAfter);
  }
  return gaps;
}
