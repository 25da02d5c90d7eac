/**
 * What one series counted between two scrapes. A counter that fell was reset by a restart and holds what came since; a histogram is
 * one counter in many parts: when one part fell all of them began anew, also those that are by now larger than before.
 */
import { type NativeBuckets, onOneGrid } from '../../stats/native-grid.ts';

export type Reading =
  | { kind: 'counter'; value: number }
  /** Values at most each bound, +Infinity among the bounds. */
  | { kind: 'classic'; cumulative: ReadonlyMap<number, number> }
  | { kind: 'native'; buckets: NativeBuckets };

/** @param before undefined when nothing was counted until then */
export function countedSince(before: Reading | undefined, now: Reading): Reading {
  if (now.kind === 'counter' && before?.kind === 'counter')
    return now.value < before.value ? now : { kind: 'counter', value: now.value - before.value };
  if (now.kind === 'classic' && before?.kind === 'classic') return classicSince(before.cumulative, now);
  if (now.kind === 'native' && before?.kind === 'native') return nativeSince(before.buckets, now);
  return now;
}

/** Other bounds than before are those of another process. */
function classicSince(before: ReadonlyMap<number, number>, now: Extract<Reading, { kind: 'classic' }>): Reading {
  const difference = new Map<number, number>();
  for (const [le, count] of now.cumulative) {
    const past = before.get(le);
    if (past === undefined || count < past) return now;
    difference.set(le, count - past);
  }
  return { kind: 'classic', cumulative: difference };
}

/** A histogram that became coarser in its run is compared in its coarser buckets. */
function nativeSince(before: NativeBuckets, now: Extract<Reading, { kind: 'native' }>): Reading {
  const [past, present] = onOneGrid([before, now.buckets]) as [NativeBuckets, NativeBuckets];
  const counts = new Map(present.indexes.map((index, i) => [index, present.counts[i]!]));
  for (const [i, index] of past.indexes.entries()) counts.set(index, (counts.get(index) ?? 0) - past.counts[i]!);
  const zeroCount = present.zeroCount - past.zeroCount;
  if (zeroCount < 0 || [...counts.values()].some(count => count < 0)) return now;
  const left = [...counts].filter(([, count]) => count > 0);
  const [indexes, found] = [left.map(([index]) => index), left.map(([, count]) => count)];
  const { schema, zeroThreshold } = present;
  return { kind: 'native', buckets: { schema, zeroThreshold, zeroCount, indexes, counts: found } };
}
