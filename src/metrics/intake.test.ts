import { describe, expect, test } from 'vitest';
import { manualClock, toTimestamp } from '../clock.ts';
import { SpillwayError } from '../errors.ts';
import { type IntakeOptions, outcomeIntake } from './intake.ts';
import type { OutcomeDraft } from './sort-outcomes.ts';
import { readStoredOutcomes } from './stored-outcomes.ts';

const clock = manualClock();
const sound = { artifact: 'bot', version: 'v1', unit: 'u', latencyMs: 10 };

/** A log whose writes end when the test says so, like a disk. */
function heldLog() {
  const commits: { drafts: readonly OutcomeDraft[]; finish: (error?: unknown) => void }[] = [];
  return {
    commits,
    async appendOutcomes(drafts: readonly OutcomeDraft[]): Promise<{ duplicates: number[] }> {
      await new Promise<void>((resolve, reject) => {
        commits.push({ drafts, finish: error => (error === undefined ? resolve() : reject(error)) });
      });
      return { duplicates: [] };
    },
  };
}

function instantLog() {
  const drafts: OutcomeDraft[] = [];
  return {
    drafts,
    appendOutcomes: async (batch: readonly OutcomeDraft[]) => {
      drafts.push(...batch);
      return { duplicates: [] as number[] };
    },
  };
}

const intake = (change: Partial<IntakeOptions> & Pick<IntakeOptions, 'store'>) =>
  outcomeIntake({
    clock,
    known: artifact =>
      artifact === 'bot' || artifact === 'idle'
        ? { versions: { baseline: 'v1', candidate: 'v2' }, storing: artifact === 'bot' }
        : undefined,
    onStored: () => {},
    ...change,
  });

describe('the outcome intake', () => {
  test('keeps the sound ones of a batch and names each bad one by its place and code', async () => {
    const store = instantLog();
    const ahead = (ms: number) => toTimestamp(clock.nowMs() + ms);
    const answer = await intake({ store }).submit({
      outcomes: [
        sound,
        { ...sound, artifact: 'nobody' },
        { ...sound, version: 'v9' },
        { ...sound, unit: 5 },
        { ...sound, at: ahead(60_001) },
        { ...sound, at: ahead(60_000) },
        { ...sound, latencyMs: null },
        { ...sound, version: 'v2', quality: -1 },
      ],
    });
    expect(answer).toEqual({
      accepted: 2,
      rejected: [
        [1, 'UNKNOWN_ARTIFACT'],
        [2, 'UNKNOWN_VERSION'],
        [3, 'INVALID_FIELD'],
        [4, 'FUTURE'],
        [6, 'INVALID_FIELD'],
        [7, 'INVALID_FIELD'],
      ].map(([index, code]) => ({ index, code, message: expect.any(String) })),
    });
  });

  test('stores what is no number as an invalid outcome of its version, so that the analysis sees broken data', async () => {
    const store = instantLog();
    const counting = intake({ store });
    await counting.submit({ outcomes: [sound, { ...sound, version: 'v2', latencyMs: null }] });
    expect(readStoredOutcomes(store.drafts[0]!.outcomes)).toMatchObject([
      { version: 'v1', latencyMs: 10 },
      { version: 'v2', invalid: true },
    ]);
    expect(counting.counts()).toEqual({ stored: 1, ignored: 0, duplicate: 0, rejected: 0, invalid: 1 });
  });

  test('counts outcomes of an artifact without an exposed release and stores nothing', async () => {
    const store = instantLog();
    const counting = intake({ store });
    const idle = { ...sound, artifact: 'idle' };
    expect(await counting.submit({ outcomes: [idle, { ...idle, latencyMs: -1 }] })).toMatchObject({ accepted: 1 });
    expect(store.drafts).toEqual([]);
    expect(counting.counts()).toMatchObject({ stored: 0, ignored: 1, rejected: 1 });
  });

  test('splits a batch by artifact, each part under the same client and sequence', async () => {
    const store = instantLog();
    const both = intake({ store, known: () => ({ versions: { baseline: 'v1', candidate: null }, storing: true }) });
    await both.submit({ client: 'c', sequence: 7, outcomes: [sound, { ...sound, artifact: 'other' }, sound] });
    expect(store.drafts.map(draft => [draft.artifact, draft.client, draft.sequence])).toEqual([
      ['bot', 'c', 7],
      ['other', 'c', 7],
    ]);
  });

  test('writes all batches that came during a commit in the next one, and answers when they are durable', async () => {
    const store = heldLog();
    const grouping = intake({ store });
    const answered: number[] = [];
    const submit = (sequence: number) =>
      grouping.submit({ client: 'c', sequence, outcomes: [sound] }).then(() => answered.push(sequence));
    const first = submit(1);
    await commitOf(store, 0);
    const later = [submit(2), submit(3), submit(4)];
    store.commits[0]!.finish();
    await first;
    await commitOf(store, 1);
    expect(store.commits[1]!.drafts.map(draft => draft.sequence)).toEqual([2, 3, 4]);
    expect(answered).toEqual([1]);
    store.commits[1]!.finish();
    await Promise.all(later);
    expect(answered).toEqual([1, 2, 3, 4]);
  });

  test('tells every batch of a commit that failed, and takes the next', async () => {
    const store = heldLog();
    const failing = intake({ store });
    const both = [failing.submit({ outcomes: [sound] }), failing.submit({ outcomes: [sound] })];
    await commitOf(store, 0);
    store.commits[0]!.finish(new SpillwayError('STORE_UNAVAILABLE', 'disk full'));
    for (const one of await Promise.allSettled(both))
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } });
    const next = failing.submit({ outcomes: [sound] });
    await commitOf(store, 1);
    store.commits[1]!.finish();
    expect(await next).toEqual({ accepted: 1, rejected: [] });
    expect(failing.counts().stored).toBe(1);
  });

  test('says that it is overloaded instead of queueing without end', async () => {
    const store = heldLog();
    const small = intake({ store, maxWaiting: 2 });
    const first = small.submit({ outcomes: [sound] });
    await commitOf(store, 0);
    const waiting = [small.submit({ outcomes: [sound] }), small.submit({ outcomes: [sound] })];
    expect(await small.submit({ outcomes: [sound] })).toBe('overloaded');
    store.commits[0]!.finish();
    await commitOf(store, 1);
    store.commits[1]!.finish();
    await Promise.all([first, ...waiting]);
    expect(small.counts().stored).toBe(3);
  });

  test('writes large batches in several commits, and takes no more of them than memory holds', async () => {
    const store = heldLog();
    const large = { outcomes: Array(10_000).fill(sound) };
    const busy = intake({ store });
    const first = busy.submit({ outcomes: [sound] });
    await commitOf(store, 0);
    const waiting = Array.from({ length: 40 }, () => busy.submit(large));
    expect(await busy.submit({ outcomes: [sound] })).toBe('overloaded');
    store.commits[0]!.finish();
    for (let number = 1; number <= 20; number += 1) {
      await commitOf(store, number);
      expect(store.commits[number]!.drafts).toHaveLength(2);
      store.commits[number]!.finish();
    }
    await Promise.all([first, ...waiting]);
    expect(busy.counts().stored).toBe(400_001);
  });

  test('wakes each artifact once per commit, after it is durable', async () => {
    const store = heldLog();
    const woken: string[] = [];
    const waking = intake({ store, onStored: artifact => void woken.push(artifact) });
    const both = [waking.submit({ outcomes: [sound] }), waking.submit({ outcomes: [sound] })];
    await commitOf(store, 0);
    expect(woken).toEqual([]);
    store.commits[0]!.finish();
    await Promise.all(both);
    expect(woken).toEqual(['bot']);
  });
});

/** Waits for the commit with this number to begin. */
async function commitOf(store: ReturnType<typeof heldLog>, number: number): Promise<void> {
  while (store.commits.length <= number) await new Promise(resolve => setImmediate(resolve));
}
