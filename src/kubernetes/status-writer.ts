/**
 * Writes the status of a Pipeline where it says something new. A status that differs in its words alone waits, because verdicts
 * change theirs with every look. A definition that is older than this server keeps less than it is told: that is said once
 * and changes nothing else.
 */
import { type Clock, toTimestamp } from '../clock.ts';
import type { Log } from '../controller/world.ts';
import type { KubeClient } from '../kube/client.ts';
import { Refusal } from '../kube/refusal.ts';
import { isActive } from '../rollout/release.ts';
import type { PipelineStatus } from './resource-status.ts';
import { type PipelineResource, pathOfPipeline } from './resources.ts';
import { pipelineStatus, type Seen } from './status.ts';

export interface StatusWriter {
  /** Unchanged, it makes no call. @param newest as the watch has it */
  write(resource: PipelineResource, newest: PipelineResource | undefined, seen: Seen): Promise<void>;
  /** When it was written last, monotonic. */
  writtenAtMs(key: string): number;
}

const WORDS_EVERY_MS = 10_000;

export function statusWriter({ client, clock, log }: { client: KubeClient; clock: Clock; log: Log }): StatusWriter {
  const writtenAtMs = new Map<string, number>();
  /** What was written last, where the cluster did not keep all of it. */
  const pruned = new Map<string, string>();

  function tellOnce(key: string, status: PipelineStatus, kept: PipelineStatus | undefined): void {
    const lost = Object.keys(status).filter(field => kept?.[field as keyof PipelineStatus] === undefined);
    if (lost.length === 0) return void pruned.delete(key);
    if (pruned.size === 0)
      log.warn(
        { pipeline: key, lost },
        `the definition of Pipeline in the cluster is older than this server and keeps no status.${lost.join(', status.')}: apply those of this version (kubectl apply -f chart/crds). Releases go on meanwhile`,
      );
    pruned.set(key, JSON.stringify(sorted(status)));
  }

  return {
    writtenAtMs: key => writtenAtMs.get(key) ?? Number.NEGATIVE_INFINITY,
    async write(resource, newest, seen) {
      const { namespace, name } = resource.metadata;
      const before = newest?.status ?? resource.status;
      const status = pipelineStatus(seen, before, toTimestamp(clock.nowMs()));
      const key = `${namespace}/${name}`;
      const sinceMs = clock.monotonicMs() - (writtenAtMs.get(key) ?? Number.NEGATIVE_INFINITY);
      if (isSame(status, before) || pruned.get(key) === JSON.stringify(sorted(status))) return;
      // Whoever runs the release knows better what it waits for.
      const isElsewhere = seen.release !== undefined && isActive(seen.release) && seen.doubt === undefined;
      if ((isElsewhere || sinceMs < WORDS_EVERY_MS) && isSame(withoutWords(status), before && withoutWords(before)))
        return;
      writtenAtMs.set(key, clock.monotonicMs());
      const cleared = Object.fromEntries(Object.keys(before ?? {}).map(key => [key, null]));
      try {
        const path = `${pathOfPipeline(resource.metadata)}/status`;
        const kept = await client.merge<PipelineResource>(path, { status: { ...cleared, ...status } });
        tellOnce(key, status, kept.status);
      } catch (error) {
        if (!(error instanceof Refusal && error.status === 404)) throw error; // it went meanwhile
      }
    },
  };
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

function withoutWords({ verdict, conditions = [], ...rest }: PipelineStatus) {
  return {
    ...rest,
    verdict: verdict?.kind,
    conditions: conditions.map(({ type, status, reason, observedGeneration }) => [
      type,
      status,
      reason,
      observedGeneration,
    ]),
  };
}

/** The API server gives fields back in an order of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
