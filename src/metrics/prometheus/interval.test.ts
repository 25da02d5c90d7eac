import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VectorItem } from './answer.ts';
import { type Difference, intervalOf, type Memory, remembered, scrapedApartMs } from './interval.ts';
import { readScrape, type Scrape } from './scrape.ts';

interface Seen {
  pod?: string;
  arm?: 'baseline' | 'candidate';
  measure?: string;
  labels?: Record<string, string>;
  at?: number;
  value: number;
}

/** An answer in the form in which Prometheus gives it: the value and, beside it, the time of the scrape in seconds. */
function scrapeOf(...all: Seen[]): Scrape {
  const items = all.flatMap(({ pod = 'p1', arm = 'candidate', measure = 'requests', labels = {}, at = 1, value }) => {
    const own = pod === '' ? labels : { job: 'web', instance: pod, ...labels };
    const marked = (role: string, found: number): VectorItem => ({
      labels: { ...own, spillway_role: role },
      atMs: 99_000,
      value: found,
    });
    return [marked(`${arm}/${measure}`, value), marked(`at/${arm}/${measure}`, at)];
  });
  return readScrape(items);
}

/** The differences of a row of scrapes, with the memory that a source would keep. */
function differencesOf(...scrapes: Scrape[]): Difference[] {
  let memory: Memory = new Map();
  return scrapes.map(scrape => {
    const difference = intervalOf(memory, scrape);
    if (!('refused' in difference && difference.refused)) memory = remembered(memory, scrape);
    return difference;
  });
}

const last = (...scrapes: Scrape[]) => differencesOf(...scrapes).at(-1)!;
const requestsOf = (difference: Difference) =>
  'interval' in difference ? difference.interval.requests.candidate : difference.silent;

describe('counters between two scrapes', () => {
  test('are differences, for both arms over the same time', () => {
    const difference = last(
      scrapeOf({ value: 100 }, { value: 7, measure: 'errors' }, { arm: 'baseline', value: 900 }),
      scrapeOf(
        { value: 110, at: 2 },
        { value: 9, at: 2, measure: 'errors' },
        { arm: 'baseline', value: 990, at: 2.25 },
      ),
    );
    expect(difference).toEqual({
      interval: {
        atMs: 2_250,
        requests: { baseline: { count: 90, errors: 0 }, candidate: { count: 10, errors: 2 } },
        histograms: {},
      },
      gaps: [],
    });
  });

  test('of a restarted process are what it counted since', () => {
    expect(requestsOf(last(scrapeOf({ value: 100 }), scrapeOf({ value: 3, at: 2 })))).toEqual({ count: 3, errors: 0 });
  });

  test('of a new process begin at its first value, whose requests may be older than the release', () => {
    const joined = { pod: 'p2', value: 5_000 };
    const first = scrapeOf({ value: 1 });
    const second = scrapeOf({ value: 2, at: 2 }, { ...joined, at: 2 });
    const third = scrapeOf({ value: 3, at: 3 }, { ...joined, value: 5_004, at: 3 });
    expect(requestsOf(last(first, second))).toEqual({ count: 1, errors: 0 });
    expect(requestsOf(last(first, second, third))).toEqual({ count: 5, errors: 0 });
  });

  test('of a known process that were not there begin at 0: its first error counts', () => {
    const failed = { measure: 'errors', labels: { code: '500' }, value: 2, at: 2 };
    const both = scrapeOf({ value: 10, at: 2 }, { ...failed, measure: 'requests' }, failed);
    expect(requestsOf(last(scrapeOf({ value: 9 }), both))).toEqual({ count: 3, errors: 2 });
  });

  test('under all new labels of a known process begin at their first value: Prometheus may have relabelled them', () => {
    const relabelled = (at: number, value: number) => scrapeOf({ labels: { cluster: 'eu' }, value, at });
    expect(last(scrapeOf({ value: 900 }), relabelled(2, 901))).toEqual({
      silent: 'all series are new: their first interval ends with the next scrape',
      refused: false,
    });
    expect(requestsOf(last(scrapeOf({ value: 900 }), relabelled(2, 901), relabelled(3, 903)))).toMatchObject({
      count: 2,
    });
  });

  test('without an instance begin at their first value each', () => {
    const first = scrapeOf({ pod: '', value: 1 });
    const second = scrapeOf({ pod: '', value: 2, at: 2 }, { pod: '', labels: { code: '500' }, value: 70, at: 2 });
    expect(requestsOf(last(first, second))).toEqual({ count: 1, errors: 0 });
  });

  test('that were away count what they did meanwhile, and nothing twice', () => {
    const other = (at: number) => ({ pod: 'p2', value: 1, at });
    const away = scrapeOf(other(2));
    const back = scrapeOf({ value: 12, at: 3 }, other(3));
    expect(requestsOf(last(scrapeOf({ value: 10 }, other(1)), away, back))).toEqual({ count: 2, errors: 0 });
  });

  test('of a process that was away for more than an hour begin anew', () => {
    const other = (at: number) => ({ pod: 'p2', value: 1, at });
    const back = scrapeOf({ value: 500, at: 4_000 }, other(4_000));
    expect(requestsOf(last(scrapeOf({ value: 10 }, other(1)), scrapeOf(other(3_700)), back))).toEqual({
      count: 0,
      errors: 0,
    });
  });

  test('that were not scraped again are no interval of zeros', () => {
    expect(last(scrapeOf({ value: 10 }), scrapeOf({ value: 10 }))).toEqual({
      silent: 'no scrape since 1970-01-01T00:00:01.000Z',
      refused: false,
    });
  });

  test('whose clock stepped back wait until it is past what was seen', () => {
    const row = [scrapeOf({ value: 10, at: 9 }), scrapeOf({ value: 12, at: 4 }), scrapeOf({ value: 15, at: 10 })];
    expect(differencesOf(...row).map(requestsOf)).toEqual([
      'this was the first look: an interval needs two',
      'no scrape since 1970-01-01T00:00:09.000Z',
      { count: 5, errors: 0 },
    ]);
  });

  test('that are NaN are not there', () => {
    const row = [scrapeOf({ value: 10 }), scrapeOf({ value: Number.NaN, at: 2 }), scrapeOf({ value: 15, at: 3 })];
    expect(differencesOf(...row).map(requestsOf)).toEqual([
      'this was the first look: an interval needs two',
      'the queries find no series',
      { count: 5, errors: 0 },
    ]);
  });

  test('that are no whole numbers are refused, with what to do', () => {
    expect(requestsOf(last(scrapeOf({ value: 1.5 }), scrapeOf({ value: 4, at: 2 })))).toContain('not rate()');
  });

  test('with more errors than requests are refused, and counted when they fit again', () => {
    const row = [
      scrapeOf({ value: 10 }, { value: 0, measure: 'errors' }),
      scrapeOf({ value: 10, at: 2 }, { value: 1, at: 2, measure: 'errors' }),
      scrapeOf({ value: 13, at: 3 }, { value: 1, at: 3, measure: 'errors' }),
    ];
    expect(differencesOf(...row).map(requestsOf)).toEqual([
      'this was the first look: an interval needs two',
      'candidate: 1 errors of 0 requests: the queries do not count the same requests',
      { count: 3, errors: 1 },
    ]);
  });

  test('of one arm alone say that the other is missing', () => {
    expect(last(scrapeOf({ value: 1 }), scrapeOf({ value: 2, at: 2 }))).toMatchObject({
      gaps: [{ metric: 'requests', reason: 'the queries find no series of the baseline' }],
    });
  });
});

type Event =
  | { kind: 'serve'; pod: number; requests: number; failed: number }
  | { kind: 'restart' | 'leave' | 'return'; pod: number }
  | { kind: 'scrape' };

const POD = fc.nat(3);
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('serve' as const), pod: POD, requests: fc.nat(50), failed: fc.nat(5) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('restart' as const, 'leave' as const, 'return' as const), pod: POD }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('scrape' as const) }) },
);

/** Pods as they are: counters that begin with the process, and what was served since they were last scraped. */
function simulate(events: readonly Event[]) {
  const pods = Array.from({ length: 4 }, () => ({ ok: 0, failed: 0, unseen: 0, isAway: false, isKnown: false }));
  let [at, countable, served] = [0, 0, 0];
  const scrapes: Scrape[] = [];
  const scrape = () => {
    at++;
    const seen = pods.flatMap(({ ok, failed, isAway }, i): Seen[] => {
      if (isAway) return [];
      const own = { pod: `p${i}`, at };
      // A series of errors does not exist before the first of them.
      const errors =
        failed === 0
          ? []
          : ['requests', 'errors'].map(measure => ({ ...own, measure, labels: { code: '500' }, value: failed }));
      return [{ ...own, labels: { code: '200' }, value: ok }, ...errors];
    });
    for (const pod of pods) {
      if (pod.isAway) continue;
      if (pod.isKnown) countable += pod.unseen;
      Object.assign(pod, { unseen: 0, isKnown: true });
    }
    scrapes.push(scrapeOf(...seen));
  };
  for (const step of events) {
    if (step.kind === 'scrape') scrape();
    else {
      const pod = pods[step.pod]!;
      if (step.kind === 'serve') {
        pod.ok += step.requests;
        pod.failed += step.failed;
        pod.unseen += step.requests + step.failed;
        served += step.requests + step.failed;
      } else if (step.kind === 'restart') Object.assign(pod, { ok: 0, failed: 0, unseen: 0 });
      else pod.isAway = step.kind === 'leave';
    }
  }
  scrape();
  const counts = differencesOf(...scrapes).flatMap(found =>
    'interval' in found ? [found.interval.requests.candidate] : [],
  );
  const total = { count: 0, errors: 0 };
  for (const { count, errors } of counts) {
    total.count += count;
    total.errors += errors;
  }
  return { total, countable, served };
}

describe('the sum of all intervals', () => {
  const withoutRestarts = event.filter(({ kind }) => kind !== 'restart');

  test('is what was served from the first scrape of each pod to its last, whoever joins and leaves', () => {
    fc.assert(
      fc.property(fc.array(withoutRestarts, { maxLength: 60 }), events => {
        const { total, countable } = simulate(events);
        expect(total.count).toBe(countable);
      }),
    );
  });

  test('is never more than was served, whatever restarts', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), events => {
        const { total, served } = simulate(events);
        expect(total.count).toBeLessThanOrEqual(served);
        expect(total.errors).toBeLessThanOrEqual(total.count);
      }),
    );
  });

  test('misses of a restart only what came between the last scrape and the restart', () => {
    const rounds = fc.array(fc.tuple(fc.integer({ min: 51, max: 99 }), fc.nat(50)), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(rounds, all => {
        // More before the restart than after it: otherwise a counter does not show that it was reset.
        const life = all.flatMap(([before, after]): Event[] => [
          { kind: 'serve', pod: 0, requests: before, failed: 0 },
          { kind: 'scrape' },
          { kind: 'restart', pod: 0 },
          { kind: 'serve', pod: 0, requests: after, failed: 0 },
          { kind: 'scrape' },
        ]);
        const { total, served } = simulate([{ kind: 'scrape' }, ...life]);
        expect(total.count).toBe(served);
      }),
    );
  });
});

describe('the time between scrapes', () => {
  const memory = remembered(new Map(), scrapeOf({ pod: 'p1', at: 1, value: 1 }, { pod: 'p2', at: 5, value: 1 }));

  test('is the shortest of those processes that were scraped anew', () => {
    const now = scrapeOf(
      { pod: 'p1', at: 16, value: 2 },
      { pod: 'p2', at: 35, value: 2 },
      { pod: 'p3', at: 36, value: 1 },
    );
    expect(scrapedApartMs(memory, now)).toBe(15_000);
  });

  test('is not known from a second look at the same scrape', () => {
    expect(scrapedApartMs(memory, scrapeOf({ pod: 'p1', at: 1, value: 1 }))).toBeUndefined();
    expect(scrapedApartMs(new Map(), scrapeOf({ pod: 'p1', at: 1, value: 1 }))).toBeUndefined();
  });
});
