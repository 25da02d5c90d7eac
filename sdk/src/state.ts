/**
 * What the SDK knows, and what a unit gets by it. Pure: no clock, no network. Three rules keep a unit off a candidate
 * that nobody vouches for: the highest epoch wins, also across connections; a split counts only while the server on the
 * line has confirmed it; and a lapsed lease (the caller's clock) means the baseline. A version that serves alone never
 * lapses: an app must outlive its server.
 */
import { isDeepStrictEqual } from 'node:util';
import { bucketOf, isCandidateBucket } from './assignment.ts';
import type { Arm, Assignment, Prompt, ServerEvent } from './protocol.ts';

export interface Resolved {
  value: Prompt;
  /** sha256:<hex>; say it when you report the outcome. */
  version: string;
  variant: 'baseline' | 'candidate';
  /** STALE: a split is running, but the server has not been heard for too long to expose anyone to its candidate. */
  reason: 'SPLIT' | 'STATIC' | 'DEFAULT' | 'STALE';
}

export type Unresolved = 'PROVIDER_NOT_READY' | 'FLAG_NOT_FOUND';

interface Known {
  readonly assignment: Assignment;
  readonly removed: boolean;
  /** The server of the current connection holds this very assignment. */
  confirmed: boolean;
}

export interface State {
  /** A new connection begins: what it does not confirm before `synced` is not vouched for by that server. */
  begin(): void;
  /** False when an assignment was dropped: of a lower epoch, or of the same one with other content. */
  apply(event: ServerEvent): boolean;
  /** The whole state has been received at least once. */
  isSynced(): boolean;
  resolve(key: string, unit: string | undefined, isLeaseLive: boolean): Resolved | Unresolved;
}

export function createState(): State {
  const known = new Map<string, Known>();
  let synced = false;
  let inSnapshot = new Set<string>();

  function accept(next: Assignment): boolean {
    const before = known.get(next.artifact)?.assignment;
    if (before && next.epoch < before.epoch) return false;
    if (before && next.epoch === before.epoch && !isDeepStrictEqual(before, next)) return false;
    inSnapshot.add(next.artifact);
    known.set(next.artifact, { assignment: next, removed: false, confirmed: true });
    return true;
  }

  return {
    begin() {
      inSnapshot = new Set();
    },
    apply(event) {
      switch (event.kind) {
        case 'assignment':
          return accept(event.assignment);
        case 'removed': {
          const before = known.get(event.artifact);
          // Its epoch stays: an old assignment that turns up later must not bring the artifact back.
          if (before) known.set(event.artifact, { ...before, removed: true });
          return true;
        }
        case 'synced':
          for (const [artifact, entry] of known) entry.confirmed = inSnapshot.has(artifact);
          synced = true;
          return true;
        case 'heartbeat':
        case 'unknown':
          return true;
      }
    },
    isSynced: () => synced,
    resolve(key, unit, isLeaseLive) {
      const entry = known.get(key);
      if (!entry || entry.removed) return synced ? 'FLAG_NOT_FOUND' : 'PROVIDER_NOT_READY';
      return resolveEntry(entry.assignment, unit, isLeaseLive && entry.confirmed);
    },
  };
}

function resolveEntry(assignment: Assignment, unit: string | undefined, isVouchedFor: boolean): Resolved {
  const { baseline, candidate } = assignment;
  if (!unit) return answer(baseline, 'baseline', 'DEFAULT');
  if (!candidate) return answer(baseline, 'baseline', 'STATIC');
  if (!isVouchedFor) return answer(baseline, 'baseline', 'STALE');
  return isCandidateBucket(bucketOf(assignment.salt, unit), assignment.weight)
    ? answer(candidate, 'candidate', 'SPLIT')
    : answer(baseline, 'baseline', 'SPLIT');
}

function answer(arm: Arm, variant: Resolved['variant'], reason: Resolved['reason']): Resolved {
  return { value: arm.value, version: arm.version, variant, reason };
}
