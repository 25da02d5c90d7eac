import { afterEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../clock.ts';
import type { SuiteOptions } from './options.ts';
import type { SuiteOutcome } from './outcome.ts';
import { makeProvider } from './provider.ts';
import { runSuite } from './runner.ts';
import {
  type Reply,
  type SimulatedCall,
  type SimulatedEndpoint,
  simulateEndpoint,
} from './simulated-endpoint.test-support.ts';
import { casePlan, grader, provider, seeded, suitePlan } from './suite.test-support.ts';

let endpoint: SimulatedEndpoint;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A suite of `count` cases against a real server; back-off without waiting, unless a test says otherwise. */
async function runAgainst(
  behave: (call: SimulatedCall) => Reply,
  count: number,
  more: Partial<SuiteOptions> = {},
): Promise<SuiteOutcome> {
  endpoint = await simulateEndpoint(behave);
  const suite = suitePlan(count);
  const client = await makeProvider(suite.provider, {
    baseUrl: endpoint.baseUrl,
    apiKey: 'sk-secret-key-1234',
    connections: 8,
  });
  closers.push(client.close, endpoint.close);
  return runSuite({ suite, provider: client, clock: systemClock, random: () => 0, ...more });
}

const only = (outcome: SuiteOutcome) => outcome.arms[0]!;
const tally = (outcome: SuiteOutcome) => {
  const { passed, failed, errors, notRun } = only(outcome);
  return { passed, failed, errors, notRun };
};
const attempts = (outcome: SuiteOutcome) => only(outcome).cases.map(result => result.attempts);
/** A quarter of the cases meets the fault, once. */
const onceInFour = (fault: Reply) => (call: SimulatedCall) =>
  call.seen === 1 && Number(/\d+/.exec(call.prompt)) % 4 === 0 ? fault : 'answer';

describe('an endpoint that answers', () => {
  test('every case is graded, in the order of the suite, on no more than 8 calls at a time and no less', async () => {
    const outcome = await runAgainst(call => ({ delayMs: (call.number % 5) * 3 }), 60);
    expect(only(outcome).cases.map(result => result.id)).toEqual(suitePlan(60).cases.map(plan => plan.id));
    expect(tally(outcome)).toEqual({ passed: 60, failed: 0, errors: 0, notRun: 0 });
    expect(outcome.incomplete).toBe(false);
    expect(outcome.stopped).toBeUndefined();
    expect(endpoint.inFlightMax()).toBe(8);
    expect(endpoint.calls).toHaveLength(60);
  });

  test('an answer that is not good enough fails its case and leaves the run whole', async () => {
    const suite = suitePlan(2, { cases: [casePlan('good'), casePlan('bad', { graders: [grader('equals', 'no')] })] });
    const outcome = await runAgainst(() => 'answer', 2, { suite });
    expect(only(outcome).cases.map(result => result.status)).toEqual(['passed', 'failed']);
    expect(outcome.incomplete).toBe(false);
  });

  test('progress counts up to the total', async () => {
    const seen: number[] = [];
    await runAgainst(() => 'answer', 5, { onProgress: progress => seen.push(progress.done, progress.total) });
    expect(seen).toEqual([1, 5, 2, 5, 3, 5, 4, 5, 5, 5]);
  });
});

describe('two arms', () => {
  const arms = [
    { name: 'baseline', version: 'sha256:1', prompt: { template: 'old {{q}}', model: 'm1' } },
    { name: 'candidate', version: 'sha256:2', prompt: { template: 'new {{q}}' } },
  ];

  test('run the same cases side by side, either first', async () => {
    await runAgainst(() => 'answer', 40, { arms, workers: 1, random: seeded(1) });
    const pairs = Array.from({ length: 40 }, (_, index) => endpoint.calls.slice(index * 2, index * 2 + 2));
    pairs.forEach((pair, index) => {
      expect(pair.map(call => call.prompt).sort()).toEqual([`new case-${index + 1}`, `old case-${index + 1}`]);
    });
    const baselineFirst = pairs.filter(pair => pair[0]!.prompt.startsWith('old')).length;
    expect(baselineFirst).toBeGreaterThan(10);
    expect(baselineFirst).toBeLessThan(30);
  });

  test('keep their names and versions, and the model of the artifact wins over that of the suite', async () => {
    const outcome = await runAgainst(() => 'answer', 3, { arms });
    expect(outcome.arms.map(arm => [arm.name, arm.version, arm.passed])).toEqual([
      ['baseline', 'sha256:1', 3],
      ['candidate', 'sha256:2', 3],
    ]);
    expect(outcome.arms.map(arm => arm.cases[0]!.model)).toEqual(['m1', 'model-of-the-suite']);
  });

  test('repeats stand beside their case, and every case runs once before any runs twice', async () => {
    const outcome = await runAgainst(() => 'answer', 3, { repeat: 2, workers: 1 });
    expect(only(outcome).cases.map(result => `${result.id}/${result.repeat}`)).toEqual([
      'case-1/1',
      'case-1/2',
      'case-2/1',
      'case-2/2',
      'case-3/1',
      'case-3/2',
    ]);
    expect(endpoint.calls.map(call => call.prompt)).toEqual([1, 2, 3, 1, 2, 3].map(n => `say case-${n}`));
  });
});

describe('an endpoint that fails for a moment', () => {
  test.each<[string, Reply]>([
    ['500', { status: 500, body: '{"error":{"message":"try again"}}' }],
    ['503', { status: 503 }],
    ['408', { status: 408 }],
    ['409', { status: 409 }],
    ['429 without Retry-After', { status: 429 }],
    ['429 with Retry-After 0', { status: 429, headers: { 'retry-after': '0' } }],
    ['a reset connection', 'reset'],
    ['a body that is cut off', 'cutBody'],
    ['JSON that is cut off', 'cutJson'],
    ['HTML', 'html'],
    ['an empty list of choices', 'noChoices'],
  ])('%s is tried again and every case passes', async (_name, fault) => {
    const outcome = await runAgainst(onceInFour(fault), 16);
    expect(tally(outcome)).toEqual({ passed: 16, failed: 0, errors: 0, notRun: 0 });
    expect(attempts(outcome)).toEqual(Array.from({ length: 16 }, (_, index) => (index % 4 === 3 ? 2 : 1)));
    expect(outcome.incomplete).toBe(false);
  });

  test('the latency is that of the successful attempt alone', async () => {
    const outcome = await runAgainst(call => (call.seen === 1 ? { status: 500, delayMs: 300 } : 'answer'), 1);
    expect(only(outcome).cases[0]).toMatchObject({ status: 'passed', attempts: 2 });
    expect(only(outcome).cases[0]!.latencyMs).toBeLessThan(250);
  });

  test('a 429 with Retry-After holds every worker, not only the one that met it', async () => {
    const arrivals: number[] = [];
    const refuseFirst = (call: SimulatedCall): Reply => {
      arrivals.push(performance.now());
      if (call.number === 1) return { status: 429, headers: { 'retry-after-ms': '300' } };
      // The other worker's call is on its way when the refusal comes.
      return call.number === 2 ? { delayMs: 50 } : 'answer';
    };
    const outcome = await runAgainst(refuseFirst, 40, { workers: 2 });
    expect(arrivals.filter(at => at - arrivals[0]! < 280)).toHaveLength(2);
    expect(tally(outcome).passed).toBe(40);
  });

  test('a full endpoint that answers others in between costs no case its retries', async () => {
    // Of four calls one is let through: with three retries counted plainly, many a case would be lost.
    const outcome = await runAgainst(call => (call.number % 4 === 0 ? 'answer' : { status: 429 }), 24, { retries: 3 });
    expect(tally(outcome)).toEqual({ passed: 24, failed: 0, errors: 0, notRun: 0 });
    expect(Math.max(...attempts(outcome))).toBeGreaterThan(4);
  });
});

describe('an endpoint that fails for good', () => {
  test.each<[string, Reply, number]>([
    ['429 for ever', { status: 429, body: '{"error":{"message":"quota"}}' }, 4],
    ['500 for ever', { status: 500, body: '{"error":{"message":"quota"}}' }, 4],
    ['resets for ever', 'reset', 4],
  ])('%s is an error after the retries, and the rest is not tried', async (_name, fault, most) => {
    const outcome = await runAgainst(() => fault, 100);
    expect(tally(outcome)).toMatchObject({ passed: 0, failed: 0 });
    expect(only(outcome).errors).toBeGreaterThanOrEqual(3);
    expect(only(outcome).errors + only(outcome).notRun).toBe(100);
    expect(Math.max(...attempts(outcome))).toBe(most);
    expect(endpoint.calls.length).toBeLessThanOrEqual(11 * most);
    expect(outcome).toMatchObject({ incomplete: true, stopped: expect.stringContaining('no case was answered') });
  });

  test('hanging for ever is an error of the first cases, and the rest is not tried', async () => {
    const outcome = await runAgainst(() => 'hang', 100, { timeoutMs: 50 });
    expect(only(outcome).errors).toBeGreaterThanOrEqual(3);
    expect(endpoint.calls.length).toBeLessThanOrEqual(11);
    expect(outcome.stopped).toContain('no answer within 50 ms');
  });

  test.each<[string, Reply]>([
    ['HTML', 'html'],
    ['400', { status: 400 }],
  ])('%s for ever may be about each case: all are tried', async (_name, fault) => {
    const outcome = await runAgainst(() => fault, 10);
    expect(tally(outcome)).toEqual({ passed: 0, failed: 0, errors: 10, notRun: 0 });
    expect(outcome.incomplete).toBe(true);
  });

  test('a Retry-After that is longer than the time left ends the run at once and says why', async () => {
    const outcome = await runAgainst(() => ({ status: 429, headers: { 'retry-after': '3600' } }), 50, { workers: 2 });
    expect(only(outcome).notRun).toBe(50);
    expect(outcome).toMatchObject({ incomplete: true, stopped: expect.stringContaining('asks for 3600 s of pause') });
    expect(endpoint.calls.length).toBeLessThanOrEqual(2);
  });

  test.each([401, 403, 404])('%i ends the run early and the rest was not run', async status => {
    const outcome = await runAgainst(() => ({ status, body: '{"error":{"message":"no such key"}}' }), 400);
    expect(endpoint.calls.length).toBeLessThanOrEqual(16);
    expect(only(outcome).notRun).toBeGreaterThan(380);
    expect(only(outcome).notRun + only(outcome).errors).toBe(400);
    expect(Math.max(...attempts(outcome))).toBe(1);
    expect(outcome).toMatchObject({
      incomplete: true,
      stopped: expect.stringContaining(`HTTP ${status}: no such key`),
    });
  });

  test('400 is not tried again, and concerns its case alone', async () => {
    const outcome = await runAgainst(call => (call.prompt.endsWith('case-2') ? { status: 400 } : 'answer'), 5);
    expect(tally(outcome)).toEqual({ passed: 4, failed: 0, errors: 1, notRun: 0 });
    expect(attempts(outcome)).toEqual([1, 1, 1, 1, 1]);
    expect(outcome.incomplete).toBe(true);
  });

  test('a candidate that is refused ends the run although the baseline is answered', async () => {
    const arms = ['baseline', 'candidate'].map(name => ({ name, prompt: { template: '{{q}}', model: name } }));
    const outcome = await runAgainst(call => (call.body.model === 'candidate' ? { status: 404 } : 'answer'), 200, {
      arms,
    });
    expect(outcome.stopped).toContain('candidate');
    expect(endpoint.calls.length).toBeLessThan(60);
  });

  test('nobody listening ends the run early', async () => {
    const suite = suitePlan(50);
    const client = await makeProvider(suite.provider, { baseUrl: 'http://127.0.0.1:9/v1', connections: 8 });
    closers.push(client.close);
    const outcome = await runSuite({ suite, provider: client, clock: systemClock, random: () => 0 });
    expect(outcome.stopped).toMatch(/ECONNREFUSED|bad port/);
    expect(outcome.incomplete).toBe(true);
  });
});

describe('time', () => {
  test('a call that hangs is given up at the time-out of its case, once, and the others pass', async () => {
    const outcome = await runAgainst(call => (call.prompt.endsWith('case-3') ? 'hang' : 'answer'), 8, {
      timeoutMs: 100,
    });
    expect(tally(outcome)).toEqual({ passed: 7, failed: 0, errors: 1, notRun: 0 });
    expect(only(outcome).cases[2]).toMatchObject({
      errorKind: 'timeout',
      error: 'no answer within 100 ms',
      attempts: 1,
    });
    expect(outcome.incomplete).toBe(true);
  });

  test('the time-out of the suite keeps what is done; the rest was not run', async () => {
    const outcome = await runAgainst(call => (call.number > 8 ? 'hang' : 'answer'), 30, { suiteTimeoutMs: 200 });
    expect(tally(outcome)).toEqual({ passed: 8, failed: 0, errors: 0, notRun: 22 });
    expect(outcome.stopped).toBe("the suite's time of 200 ms was over");
  });

  test('the time-out of the suite holds for a provider that never waits', async () => {
    let nowMs = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
    const instant = provider(async () => {
      nowMs += 10;
      return { output: '' };
    });
    const outcome = await runSuite({
      suite: suitePlan(1000),
      provider: instant,
      clock,
      random: () => 0,
      suiteTimeoutMs: 1000,
    });
    expect(only(outcome).notRun).toBeGreaterThan(880);
  });

  test('an interruption keeps what is done and ends at once; the rest was not run', async () => {
    const interruption = new AbortController();
    const outcome = await runAgainst(call => (call.number > 12 ? 'hang' : 'answer'), 40, {
      signal: interruption.signal,
      onProgress: ({ done }) => done === 12 && interruption.abort(),
    });
    expect(tally(outcome)).toEqual({ passed: 12, failed: 0, errors: 0, notRun: 28 });
    expect(outcome).toMatchObject({ incomplete: true, stopped: 'interrupted' });
    expect(
      only(outcome).cases.every(result => result.status === 'passed' || result.error === 'not run: interrupted'),
    ).toBe(true);
  });

  test('an interruption ends a pause that the endpoint asked for', async () => {
    const interruption = new AbortController();
    const outcome = await runAgainst(
      () => {
        setTimeout(() => interruption.abort(), 20);
        return { status: 429, headers: { 'retry-after': '60' } };
      },
      3,
      { signal: interruption.signal },
    );
    expect(outcome.stopped).toBe('interrupted');
    expect(only(outcome).cases[0]!.error).toMatch(/not run: interrupted; last failure: HTTP 429/);
  });

  test('a signal that was aborted before lets nothing run', async () => {
    const outcome = await runAgainst(() => 'answer', 3, { signal: AbortSignal.abort() });
    expect(only(outcome).notRun).toBe(3);
    expect(endpoint.calls).toHaveLength(0);
  });
});

describe('a suite that cannot run as written', () => {
  test('a case whose template is wrong is an error of that case, without a call', async () => {
    const suite = suitePlan(1, { prompts: [{ template: '{{ q() }}' }] });
    const outcome = await runAgainst(() => 'answer', 1, { suite });
    expect(only(outcome).cases[0]).toMatchObject({ status: 'error', errorKind: 'template', attempts: 0 });
    expect(outcome.incomplete).toBe(true);
    expect(endpoint.calls).toHaveLength(0);
  });

  test.each([
    ['no cases', { cases: [] }],
    ['no prompt', { prompts: [] }],
  ])('%s is refused, never green', async (what, more) => {
    const nothing = provider(async () => ({ output: '' }));
    const run = runSuite({ suite: suitePlan(1, more), provider: nothing, clock: systemClock, random: () => 0 });
    await expect(run).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(what) });
  });

  test('the prompts of the suite itself are arms of their own', async () => {
    const suite = suitePlan(2, { prompts: [{ template: 'a {{q}}' }, { template: 'b {{q}}' }, { template: 'c' }] });
    const outcome = await runAgainst(() => 'answer', 2, { suite });
    expect(outcome.arms.map(arm => [arm.name, arm.passed, arm.failed])).toEqual([
      ['prompt-1', 2, 0],
      ['prompt-2', 2, 0],
      ['prompt-3', 0, 2],
    ]);
  });
});
