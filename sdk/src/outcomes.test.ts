import { afterEach, describe, expect, test, vi } from 'vitest';
import { manualTimers } from '../test/manual-timers.ts';
import { accept, type ProtocolServer, startServer } from '../test/protocol-server.ts';
import { retryAfterMs } from './delivery.ts';
import { fetchPoster, httpPoster, type Poster } from './http.ts';
import type { Outcome } from './outcome.ts';
import { LONGEST_QUEUE, type OutcomeSender, outcomeSender } from './outcomes.ts';

const open: (() => Promise<void>)[] = [];
const ONE: Outcome = { artifact: 'support-bot', version: 'sha256:base', unit: 'user-1', latencyMs: 12 };
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function sending(makePoster: (url: URL) => Poster = url => httpPoster(url, { authorization: 'Bearer t' })) {
  const remote: ProtocolServer = await startServer();
  const timers = manualTimers();
  const poster = makePoster(new URL('api/v1/outcomes', `${remote.url}/`));
  const sender: OutcomeSender = outcomeSender({ client: 'app', poster, timers, random: () => 0.5 });
  open.push(() => remote.close());
  open.push(() => {
    const closed = sender.close(0);
    timers.advance(0);
    return closed;
  });
  return { remote, timers, sender };
}

function reportMany(sender: OutcomeSender, count: number) {
  for (let index = 0; index < count; index++) sender.report({ ...ONE, id: `o${index}` });
}

describe('outcomes', () => {
  test('are sent 100 ms after the first, as one batch, with time and id filled in', async () => {
    const { remote, timers, sender } = await sending();
    sender.report(ONE);
    sender.report({ ...ONE, id: 'mine', at: '2026-02-03T04:05:06Z', error: true, quality: 0.5, costUsd: 0, tokens: 7 });
    timers.advance(99);
    expect(remote.bodies).toHaveLength(0);
    timers.advance(1);
    await until(() => expect(sender.queued()).toBe(0));
    expect(remote.batches()).toEqual([
      {
        client: 'app',
        sequence: 1,
        outcomes: [
          { ...ONE, at: '2026-01-01T00:00:00.000Z', id: 'app-1' },
          { ...ONE, id: 'mine', at: '2026-02-03T04:05:06.000Z', error: true, quality: 0.5, costUsd: 0, tokens: 7 },
        ],
      },
    ]);
  });

  test('with a text that the server would not take are dropped alone, and the others of the batch arrive', async () => {
    const { remote, timers, sender } = await sending();
    const long = 'x'.repeat(257);
    for (const flaw of [{ unit: long }, { artifact: long }, { version: long }, { id: long }, {}])
      sender.report({ ...ONE, ...flaw });
    expect(sender.dropped()).toBe(4);
    timers.advance(100);
    await until(() => expect(sender.queued()).toBe(0));
    expect(remote.batches().map(({ outcomes }) => outcomes.length)).toEqual([1]);
  });

  test('are sent at once when 100 wait, one request after the other, in order', async () => {
    const { remote, sender } = await sending();
    let inFlight = 0;
    remote.onOutcomes = (response, body) => {
      expect(++inFlight).toBe(1);
      setImmediate(() => {
        inFlight--;
        accept(response, body);
      });
    };
    reportMany(sender, 500);
    await until(() => expect(sender.queued()).toBe(0));
    expect(remote.batches().map(batch => [batch.sequence, batch.outcomes.length, batch.outcomes[0]?.['id']])).toEqual([
      [1, 100, 'o0'],
      [2, 100, 'o100'],
      [3, 100, 'o200'],
      [4, 100, 'o300'],
      [5, 100, 'o400'],
    ]);
  });

  test.each<[string, ProtocolServer['onOutcomes']]>([
    ['a 500', response => response.writeHead(500).end('<html>')],
    ['a 429', response => response.writeHead(429).end()],
    ['a 408', response => response.writeHead(408).end()],
    ['a connection dropped before the answer', response => response.socket?.destroy()],
    [
      'an answer cut short',
      response => response.writeHead(202, { 'content-length': 99 }).write('{"acc', () => response.socket?.destroy()),
    ],
  ])('are sent again, byte for byte, after %s', async (_name, failing) => {
    const { remote, timers, sender } = await sending();
    remote.onOutcomes = failing;
    sender.report(ONE);
    timers.advance(100);
    await until(() => expect(sender.lastError()).toBeTruthy());
    remote.onOutcomes = undefined;
    await until(() => expect(timers.pendingMs()).toEqual([50]));
    timers.advance(50);
    await until(() => expect(sender.queued()).toBe(0));
    expect(remote.bodies).toHaveLength(2);
    expect(remote.bodies[1]).toBe(remote.bodies[0]);
    expect(sender.dropped()).toBe(0);
    expect(sender.lastError()).toBeUndefined();
  });

  test('wait as long as Retry-After says, and the back-off on top', async () => {
    const { remote, timers, sender } = await sending();
    remote.onOutcomes = response => response.writeHead(503, { 'retry-after': '7' }).end();
    sender.report(ONE);
    timers.advance(100);
    await until(() => expect(timers.pendingMs()).toEqual([7_050]));
  });

  test('are tried again when no answer comes within 5 s', async () => {
    const { remote, timers, sender } = await sending();
    remote.onOutcomes = () => {};
    sender.report(ONE);
    timers.advance(100);
    await until(() => expect(remote.bodies).toHaveLength(1));
    remote.onOutcomes = undefined;
    timers.advance(5_000);
    await until(() => expect(sender.lastError()).toBe('no answer within 5 s'));
    await until(() => expect(timers.pendingMs()).toEqual([50]));
    timers.advance(50);
    await until(() => expect(sender.queued()).toBe(0));
    expect(remote.bodies[1]).toBe(remote.bodies[0]);
  });

  test.each([400, 401, 403, 404, 413, 422, 302])(
    'are dropped and counted when refused with %i, and the next batch goes out',
    async status => {
      const { remote, timers, sender } = await sending();
      remote.onOutcomes = response => response.writeHead(status).end('no');
      reportMany(sender, 3);
      timers.advance(100);
      await until(() => expect(sender.dropped()).toBe(3));
      expect(sender.lastError()).toBe(`the server answered HTTP ${status}`);
      remote.onOutcomes = undefined;
      sender.report(ONE);
      timers.advance(100);
      await until(() => expect(remote.batches().map(batch => batch.sequence)).toEqual([1, 2]));
    },
  );

  test('rejected one by one in an accepted batch are counted, with the first code', async () => {
    const { remote, timers, sender } = await sending();
    remote.onOutcomes = response =>
      response.writeHead(202).end(JSON.stringify({ accepted: 1, rejected: [{ index: 0, code: 'UNKNOWN_VERSION' }] }));
    reportMany(sender, 2);
    timers.advance(100);
    await until(() => expect(sender.dropped()).toBe(1));
    expect(sender.lastError()).toMatch(/UNKNOWN_VERSION/);
  });

  test('lost on the way and lost in a refused batch meanwhile are both counted', async () => {
    const { remote, sender } = await sending();
    let answer = () => {};
    remote.onOutcomes = response => {
      answer = () => response.writeHead(400).end();
    };
    reportMany(sender, 100);
    await until(() => expect(remote.bodies).toHaveLength(1));
    sender.report({ ...ONE, unit: 'x'.repeat(257) });
    answer();
    await until(() => expect(sender.queued()).toBe(0));
    expect(sender.dropped()).toBe(101);
  });

  test('accepted with an answer that is not ours count as accepted', async () => {
    const { remote, timers, sender } = await sending();
    remote.onOutcomes = response => response.writeHead(200).end('<html>ok</html>');
    sender.report(ONE);
    timers.advance(100);
    await until(() => expect(sender.queued()).toBe(0));
    expect(sender.dropped()).toBe(0);
  });

  test('go through the fetch of the app when it has one', async () => {
    let calls = 0;
    const own: typeof fetch = (url, init) => {
      calls++;
      return fetch(url, init);
    };
    const { remote, timers, sender } = await sending(url => fetchPoster(url, {}, own));
    remote.onOutcomes = response => response.writeHead(500).end();
    sender.report(ONE);
    timers.advance(100);
    await until(() => expect(timers.pendingMs()).toEqual([50]));
    remote.onOutcomes = undefined;
    timers.advance(50);
    await until(() => expect(sender.queued()).toBe(0));
    expect([calls, remote.bodies.length]).toEqual([2, 2]);
  });

  test('do not hang on a fetch that ignores its signal', async () => {
    const poster: Poster = { post: () => new Promise(() => {}), close: () => {} };
    const { timers, sender } = await sending(() => poster);
    sender.report(ONE);
    timers.advance(100);
    timers.advance(5_000);
    await until(() => expect(sender.lastError()).toBe('no answer within 5 s'));
  });
});

describe('the queue', () => {
  test('drops the oldest beyond 10,000 and counts them', async () => {
    const { remote, timers, sender } = await sending();
    remote.onOutcomes = response => response.writeHead(503).end();
    reportMany(sender, LONGEST_QUEUE + 100 + 5);
    await until(() => expect(timers.pendingMs()).toEqual([50]));
    expect(sender.queued()).toBe(LONGEST_QUEUE + 100); // a hundred are on their way already
    expect(sender.dropped()).toBe(5);
    remote.onOutcomes = undefined;
    timers.advance(50);
    await until(() => expect(sender.queued()).toBe(0));
    const ids = remote
      .batches()
      .slice(1)
      .flatMap(batch => batch.outcomes.map(outcome => outcome['id']));
    expect([ids[0], ids[99], ids[100], ids.at(-1), ids.length]).toEqual(['o0', 'o99', 'o105', 'o10104', 10_100]);
  });

  test.each<[string, unknown]>([
    ['no outcome', undefined],
    ['text', 'ok'],
    ['no version, as after a fallback', { ...ONE, version: undefined }],
    ['no unit', { ...ONE, unit: '' }],
    ['a latency that is not a number', { ...ONE, latencyMs: Number.NaN }],
    ['an infinite quality', { ...ONE, quality: Number.POSITIVE_INFINITY }],
    ['a latency as text', { ...ONE, latencyMs: '12' }],
    ['a time that is none', { ...ONE, at: 'yesterday' }],
  ])('refuses %s and counts it', async (_name, outcome) => {
    const { sender } = await sending();
    sender.report(outcome as Outcome);
    expect([sender.queued(), sender.dropped()]).toEqual([0, 1]);
  });

  test('copies what it takes: later edits by the app are not sent, nor fields that the server does not know', async () => {
    const { remote, timers, sender } = await sending();
    const mine = { ...ONE, prompt: 'private' };
    sender.report(mine);
    mine.latencyMs = 99;
    timers.advance(100);
    await until(() => expect(remote.batches()[0]?.outcomes[0]).toMatchObject({ latencyMs: 12 }));
    expect(remote.bodies[0]).not.toContain('private');
  });
});

describe('close', () => {
  test('sends everything left at once', async () => {
    const { remote, sender } = await sending();
    reportMany(sender, 250);
    await sender.close(2_000);
    expect(remote.batches().map(batch => batch.outcomes.length)).toEqual([100, 100, 50]);
    expect([sender.queued(), sender.dropped()]).toEqual([0, 0]);
  });

  test('does not wait for the back-off to try a failed batch once more', async () => {
    const { remote, timers, sender } = await sending();
    remote.onOutcomes = response => response.writeHead(503, { 'retry-after': '60' }).end();
    sender.report(ONE);
    timers.advance(100);
    await until(() => expect(timers.pendingMs()).toEqual([60_050]));
    remote.onOutcomes = undefined;
    await sender.close(2_000);
    expect(remote.bodies).toHaveLength(2);
    expect(sender.dropped()).toBe(0);
  });

  test('gives up after its time and counts what is lost', async () => {
    const { remote, timers, sender } = await sending();
    remote.onOutcomes = () => {};
    reportMany(sender, 150);
    const closed = sender.close(2_000);
    await until(() => expect(remote.bodies).toHaveLength(1));
    timers.advance(2_000);
    await closed;
    expect([sender.queued(), sender.dropped()]).toEqual([0, 150]);
  });

  test('drops and counts what is reported after it', async () => {
    const { sender } = await sending();
    await sender.close(2_000);
    sender.report(ONE);
    expect(sender.dropped()).toBe(1);
  });
});

test.each<[string | undefined, number]>([
  [undefined, 0],
  ['', 0],
  ['3', 3_000],
  ['soon', 0],
  ['-3', 0],
  ['999999999', 600_000],
  ['Thu, 01 Jan 2026 00:00:09 GMT', 9_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
])('Retry-After %j means %i ms', (header, ms) => {
  expect(retryAfterMs(header, Date.UTC(2026, 0, 1))).toBe(ms);
});
