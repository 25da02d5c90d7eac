/**
 * A histogram in a sample file: `{ "bounds": [0.1, 0.5], "counts": [3, 2, 1] }`, counts by bucket, not cumulative. Everything
 * wrong with it is told at its own place, so that nothing is left for the statistics to refuse.
 */
import { binnedSample } from '../../stats/index.ts';
import type { HistogramSeries } from './arm.ts';
import { isObject, type JsonDocument } from './json-document.ts';
import type { Path } from './json-place.ts';
import { valueOf } from './number.ts';

const FIELDS = ['bounds', 'counts'];

/** Undefined, with problems, for what is none. */
export function readHistogram(document: JsonDocument, here: Path, found: unknown): HistogramSeries | undefined {
  if (!isObject(found) || !Array.isArray(found.bounds) || !Array.isArray(found.counts)) {
    document.problem(here, 'must be an object { bounds, counts }, two lists of numbers');
    return undefined;
  }
  let isRight = true;
  const problem = (path: Path, message: string) => {
    isRight = false;
    document.problem([...here, ...path], message);
  };
  for (const key of Object.keys(found))
    if (!FIELDS.includes(key)) problem([key], `is not a field of a histogram; allowed: ${FIELDS.join(', ')}`);
  const bounds = readBounds(found.bounds, problem);
  const counts = readCounts(found.counts, problem);
  if (found.counts.length !== bounds.length + 1)
    problem(['counts'], lengthMessage(found.bounds.length, bounds.length, counts.length));
  if (!isRight) return undefined;
  return {
    sample: binnedSample(bounds, counts),
    problemAt: (bound, message) =>
      document.problem([...here, 'bounds', ...(bound < bounds.length ? [bound] : [])], message),
  };
}

type Report = (path: Path, message: string) => void;

/** Without the bound +Inf, which every histogram has, written or not. */
function readBounds(found: readonly unknown[], problem: Report): number[] {
  const bounds = found.map((bound, i) => {
    const value = valueOf(bound);
    if (typeof value === 'number' && (Number.isFinite(value) || (value > 0 && i === found.length - 1))) return value;
    const what = typeof value === 'string' ? value : `must be a number; found ${value ?? 'nothing'}`;
    problem(['bounds', i], `${what}; only the last bound may be "+Inf"`);
    return Number.NaN;
  });
  bounds.forEach((bound, i) => {
    const before = bounds[i - 1];
    if (before !== undefined && bound <= before)
      problem(['bounds', i], `must be above the bound before it, ${before}; found ${bound}`);
  });
  const finite = bounds.at(-1) === Number.POSITIVE_INFINITY ? bounds.slice(0, -1) : bounds;
  if (finite.length === 0) problem(['bounds'], 'must hold at least one finite bound');
  return finite;
}

function readCounts(found: readonly unknown[], problem: Report): number[] {
  const counts = found.map((count, i) => {
    if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
    const shown = JSON.stringify(count).slice(0, 40);
    const advice =
      typeof count === 'number' && count > 0 ? ': take differences of counters, not rate() or increase()' : '';
    problem(['counts', i], `must be a whole number, 0 or more; found ${shown}${advice}`);
    return 0;
  });
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (!Number.isSafeInteger(total)) problem(['counts'], `must sum to less than 2^53; found ${total}`);
  return counts;
}

function lengthMessage(written: number, finite: number, counts: number): string {
  const why =
    written > finite ? 'one a bucket' : 'one a bucket, and the last bucket, beyond all bounds, is open to +Inf';
  return `holds ${counts} counts for ${written} bounds: ${finite + 1} are needed, ${why}`;
}
