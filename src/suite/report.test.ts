import { describe, expect, test } from 'vitest';
import type { ArmOutcome, CaseResult, SuiteOutcome } from './outcome.ts';
import { reportOf, reportsOf } from './report.ts';
import { samplesOf } from './samples.ts';

function result(id: string, more: Partial<CaseResult> = {}): CaseResult {
  const status = more.status ?? 'passed';
  return {
    ...{ id, repeat: 1, status, pass: status === 'passed', score: status === 'passed' ? 1 : 0, latencyMs: 10 },
    ...{ output: '', attempts: 1, graders: [] },
    ...more,
  };
}

function arm(name: string, cases: CaseResult[]): ArmOutcome {
  const count = (status: string) => cases.filter(found => found.status === status).length;
  return {
    ...{ name, cases, passed: count('passed'), failed: count('failed') },
    ...{ errors: count('error'), notRun: count('notRun') },
  };
}

const outcome = (...arms: ArmOutcome[]): SuiteOutcome => ({
  suite: 's',
  incomplete: false,
  durationMs: 12.34567,
  arms,
});

describe('the report', () => {
  test('has the fields of spillway.test/v1 and no others', () => {
    const graders = [{ type: 'not-regex', pass: true, score: 1, reason: 'r', weight: 1, metric: 'tone' }];
    const tested = arm('candidate', [
      result('a', { latencyMs: 1.23456789, tokens: 15, costUsd: 0.1, output: 'A', graders, model: 'm' }),
      result('b', { status: 'error', error: 'HTTP 400: x', errorKind: 'http' }),
    ]);
    expect(reportOf(outcome(tested), { ...tested, version: 'sha256:1' })).toEqual({
      schema: 'spillway.test/v1',
      suite: 's',
      version: 'sha256:1',
      ...{ passed: 1, failed: 0, errors: 1, notRun: 0, passRate: 0.5, durationMs: 12.346 },
      cases: [
        {
          ...{
            id: 'a',
            repeat: 1,
            pass: true,
            score: 1,
            latencyMs: 1.235,
            tokens: 15,
            costUsd: 0.1,
            output: 'A',
            attempts: 1,
          },
          graders: [{ type: 'not-regex', pass: true, score: 1, reason: 'r' }],
        },
        {
          id: 'b',
          repeat: 1,
          pass: false,
          score: 0,
          latencyMs: 10,
          output: '',
          error: 'HTTP 400: x',
          attempts: 1,
          graders: [],
        },
      ],
    });
  });

  test('counts cases that were not run against the pass rate: 1 of 4 is 0.25, however few ran', () => {
    const cases = [result('a'), ...['b', 'c', 'd'].map(id => result(id, { status: 'notRun' }))];
    expect(reportsOf(outcome(arm('x', cases)))[0]).toMatchObject({ passed: 1, notRun: 3, passRate: 0.25 });
  });

  test('of no cases at all has a pass rate of 0, not NaN', () => {
    expect(reportOf(outcome(), arm('x', [])).passRate).toBe(0);
  });
});

describe('the samples', () => {
  test('hold every metric of both arms with its cases', () => {
    const graders = [{ type: 'contains', pass: true, score: 1, reason: '', weight: 1, metric: 'tone' }];
    const samples = samplesOf(
      outcome(
        arm('baseline', [
          result('a', { latencyMs: 5, tokens: 7, costUsd: 0.5, graders }),
          result('b', { status: 'failed', score: 0.4 }),
        ]),
        arm('candidate', [result('a')]),
      ),
    );
    expect(samples.baseline).toEqual({
      latency: { unit: 'ms', direction: 'lowerIsBetter', values: [5, 10], caseIds: ['a', 'b'] },
      quality: { direction: 'higherIsBetter', values: [1, 0.4], caseIds: ['a', 'b'] },
      pass: { direction: 'higherIsBetter', values: [1, 0], caseIds: ['a', 'b'] },
      tokens: { unit: 'tokens', direction: 'lowerIsBetter', values: [7], caseIds: ['a'] },
      costUsd: { unit: 'USD', direction: 'lowerIsBetter', values: [0.5], caseIds: ['a'] },
      tone: { direction: 'higherIsBetter', values: [1], caseIds: ['a'] },
    });
    expect(Object.keys(samples.candidate)).toEqual(['latency', 'quality', 'pass']);
  });

  test('a time-out is an infinite latency; other cases without an answer have no value', () => {
    const cases = [
      result('a', { status: 'error', errorKind: 'timeout' }),
      result('b', { status: 'error', errorKind: 'http' }),
      result('c', { status: 'notRun' }),
      result('d'),
    ];
    const { latency, quality } = samplesOf(outcome(arm('candidate', cases))).candidate;
    expect(latency).toMatchObject({ values: [Infinity, 10], caseIds: ['a', 'd'] });
    expect(quality).toMatchObject({ values: [1], caseIds: ['d'] });
  });

  test('repeats of a case count once, by their mean: they are not independent', () => {
    const cases = [4, 6, 11].map((latencyMs, index) => result('a', { latencyMs, repeat: index + 1 }));
    cases.push(
      result('b', { latencyMs: 1 }),
      result('b', { status: 'error', errorKind: 'timeout', repeat: 2 }),
      result('b', { repeat: 3 }),
    );
    expect(samplesOf(outcome(arm('baseline', cases))).baseline['latency']).toMatchObject({
      values: [7, Infinity],
      caseIds: ['a', 'b'],
    });
  });

  test.each([
    ['weighs the graders that feed it', [1, 3], 0.25],
    ['is a plain mean where it is only watched', [0, 0], 0.5],
  ])('a named metric %s', (_name, weights, expected) => {
    const graders = weights.map((weight, index) => {
      return { type: 'contains', pass: index === 0, score: index === 0 ? 1 : 0, reason: '', weight, metric: 'tone' };
    });
    const samples = samplesOf(outcome(arm('baseline', [result('a', { graders })])));
    expect(samples.baseline['tone']!.values).toEqual([expected]);
  });

  test('an arm that did not take part has none', () => {
    expect(samplesOf(outcome(arm('candidate', [result('a')]))).baseline).toEqual({});
  });
});
