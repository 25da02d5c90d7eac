/**
 * Two looks at counters into what happened in between, for both arms. Pure. The rule for all doubts: rather lose requests than count
 * one twice, or one that belongs to another time, because evidence from requests that were not there is a false alarm or a false pass.
 */
import type { LiveInterval, RequestCount } from '../../analysis/live-interval.ts';
import type { Arm } from '../../analysis/live-outcome.ts';
import type { BinnedSample } from '../../stats/binned-sample.ts';
import type { Gap } from '../metric-source.ts';
import { summedHistograms } from './histogram-sum.ts';
import { countedSince, type Reading } from './reading.ts';
import type { Measure, Scrape, Series } from './scrape.ts';

/** All series that were seen, each as it was last: also those that are away now, so that their return counts nothing twice. */
export type Memory = ReadonlyMap<string, Series>;

export type Difference =
  | { interval: LiveInterval; gaps: readonly Gap[] }
  /** Refused: what was found does not fit together, and is not to be remembered. A later look may count it after all. */
  | { silent: string; refused: boolean };

type Counted = Pick<Series, 'arm' | 'measure' | 'reading' | 'atMs'>;

const ARMS = ['baseline', 'candidate'] as const;

/**
 * A series without a past counts from 0 if its process was counted before: the first error of a process that has served for long
 * creates its series. In a process that is new itself it begins at its first value, which may hold requests from before the release.
 */
export function intervalOf(before: Memory, now: Scrape): Difference {
  if (now.series.size === 0) return { silent: 'the queries find no series', refused: true };
  const counted = countedOf(before, now);
  if (counted.length === 0) return { silent: whyNothing(before, now), refused: false };
  const requests = {} as Record<Arm, RequestCount>;
  for (const arm of ARMS) {
    const sum = (measure: Measure) => sumOf(counted.filter(found => found.arm === arm && found.measure === measure));
    requests[arm] = { count: sum('requests'), errors: sum('errors') };
    const wrong = flawOf(requests[arm]);
    if (wrong) return { silent: `${arm}: ${wrong}`, refused: true };
  }
  const gaps = [
    ...missingArms(now),
    ...now.flaws.map(({ measure, reason }) => ({ metric: metricOf(measure), reason })),
  ];
  const histograms = histogramsOf(counted, gaps);
  const atMs = counted.reduce((latest, found) => Math.max(latest, found.atMs), 0);
  return { interval: { atMs, requests, histograms }, gaps };
}

function countedOf(before: Memory, now: Scrape): Counted[] {
  const known = new Set([...now.series].flatMap(([key, { target }]) => (before.has(key) ? [target] : [])));
  return [...now.series].flatMap(([key, series]) => {
    const past = before.get(key);
    // Not newer: no scrape since, or the answer of a second Prometheus that is behind the first.
    if (past ? series.atMs <= past.atMs : !known.has(series.target)) return [];
    return [{ ...series, reading: countedSince(past?.reading, series.reading) }];
  });
}

function whyNothing(before: Memory, now: Scrape): string {
  if (before.size === 0) return 'this was the first look: an interval needs two';
  const isNew = [...now.series.keys()].every(key => !before.has(key));
  if (isNew) return 'all series are new: their first interval ends with the next scrape';
  const latest = [...before.values()].reduce((at, series) => Math.max(at, series.atMs), 0);
  return `no scrape since ${new Date(latest).toISOString()}`;
}

function missingArms({ series }: Scrape): Gap[] {
  const present = new Set([...series.values()].map(({ arm }) => arm));
  return ARMS.filter(arm => !present.has(arm)).map(arm => ({
    metric: 'requests',
    reason: `the queries find no series of the ${arm}`,
  }));
}

function sumOf(counted: readonly Counted[]): number {
  return counted.reduce((sum, { reading }) => sum + (reading.kind === 'counter' ? reading.value : 0), 0);
}

function flawOf({ count, errors }: RequestCount): string | null {
  const broken = [count, errors].find(value => !(Number.isSafeInteger(value) && value >= 0));
  if (broken !== undefined)
    return `${broken} is no number of requests: query the counters themselves, not rate() or increase()`;
  return errors > count ? `${errors} errors of ${count} requests: the queries do not count the same requests` : null;
}

function histogramsOf(counted: readonly Counted[], gaps: Gap[]): Record<string, Record<Arm, BinnedSample>> {
  const measures = new Set(counted.map(({ measure }) => measure).filter(isHistogram));
  const found: Record<string, Record<Arm, BinnedSample>> = {};
  for (const measure of measures) {
    const readings = (arm: Arm): Reading[] =>
      counted.filter(series => series.arm === arm && series.measure === measure).map(({ reading }) => reading);
    try {
      const samples = summedHistograms({ baseline: readings('baseline'), candidate: readings('candidate') });
      if (samples) found[metricOf(measure)] = samples;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      gaps.push({ metric: metricOf(measure), reason: error.message });
    }
  }
  return found;
}

/** The shortest time between two scrapes of one process; undefined where none was scraped anew. */
export function scrapedApartMs(before: Memory, now: Scrape): number | undefined {
  let shortest: number | undefined;
  for (const [key, { atMs }] of now.series) {
    const past = before.get(key);
    if (past && atMs > past.atMs) shortest = Math.min(shortest ?? Number.POSITIVE_INFINITY, atMs - past.atMs);
  }
  return shortest;
}

const isHistogram = (measure: Measure) => measure.startsWith('histogram/');
const metricOf = (measure: Measure) => measure.replace('histogram/', '');

/** Processes that were away for so long are forgotten, as a whole: of one that comes back the past is unknown again. */
const FORGOTTEN_AFTER_MS = 3_600_000;
const SERIES_MAX = 100_000;

/** @throws RangeError when more series would have to be remembered than a release can need */
export function remembered(before: Memory, now: Scrape): Memory {
  const all = new Map(before);
  for (const [key, series] of now.series) {
    const past = all.get(key);
    if (!past || series.atMs > past.atMs) all.set(key, series);
  }
  const lastMs = new Map<string, number>();
  for (const { target, atMs } of all.values()) lastMs.set(target, Math.max(atMs, lastMs.get(target) ?? 0));
  const newestMs = [...lastMs.values()].reduce((latest, atMs) => Math.max(latest, atMs), 0);
  for (const [key, { target }] of all) if (lastMs.get(target)! < newestMs - FORGOTTEN_AFTER_MS) all.delete(key);
  if (all.size <= SERIES_MAX) return all;
  throw new RangeError(
    `more than ${SERIES_MAX} series within an hour: name the service or the namespace in the queries`,
  );
}
