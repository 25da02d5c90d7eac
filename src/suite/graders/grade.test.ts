import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GraderType, Json } from '../../config/plan.ts';
import { casePlan, grader } from '../suite.test-support.ts';
import { aggregate, grade, gradeCase } from './grade.ts';
import type { PatternMatcher } from './regex.ts';
import { listOf } from './text.ts';

const noThread: PatternMatcher = {
  match: async () => expect.unreachable('this pattern is cheap'),
  close: async () => {},
};
const check = (type: GraderType, value: Json, output: string, not = false) =>
  grade(grader(type, value, { not }), output, { city: 'Paris' }, noThread);

describe('graders', () => {
  test.each<[GraderType, Json, string, boolean]>([
    ['equals', 'Paris', 'Paris', true],
    ['equals', '{{city}}', 'Paris', true],
    ['equals', 'Paris', 'paris', false],
    ['equals', 5, '5', true],
    ['equals', true, 'true', true],
    ['equals', { a: [1, { b: null }], c: 'x' }, '{"c":"x","a":[1,{"b":null}]}', true],
    ['equals', { a: '{{city}}' }, '{"a":"Paris"}', true],
    ['equals', { a: 1 }, '{"a":1,"b":2}', false],
    ['equals', [1, 2], '[2,1]', false],
    ['equals', { a: 1 }, 'not JSON', false],
    ['contains', 'is {{city}}', 'It is Paris.', true],
    ['contains', 'PARIS', 'It is Paris.', false],
    ['contains', 42, 'the answer is 42', true],
    ['icontains', 'PARIS', 'It is Paris.', true],
    ['icontains', 'ÉTÉ', 'en été', true],
    ['contains-all', ['It', '{{city}}'], 'It is Paris.', true],
    ['contains-all', ['It', 'Rome'], 'It is Paris.', false],
    ['contains-all', 'It, Paris', 'It is Paris.', true],
    ['contains-any', ['Rome', '{{city}}'], 'It is Paris.', true],
    ['contains-any', ['Rome', 'PARIS'], 'It is Paris.', false],
    ['icontains-all', ['it', 'PARIS'], 'It is Paris.', true],
    ['icontains-any', 'rome,PARIS', 'It is Paris.', true],
    ['starts-with', 'It is', 'It is Paris.', true],
    ['starts-with', 'is', 'It is Paris.', false],
    ['regex', '^It is \\w+', 'It is Paris.', true],
    ['regex', '\\d', 'It is Paris.', false],
    ['regex', '^{{city}}$', 'Paris', true],
  ])('%s %j of %j: %s, and the negated form the opposite', (type, value, output, expected) => {
    expect(check(type, value, output)).toMatchObject({ type, pass: expected, score: Number(expected) });
    expect(check(type, value, output, true)).toMatchObject({
      type: `not-${type}`,
      pass: !expected,
      score: Number(!expected),
    });
  });

  test.each<[string, GraderType, Json, string]>([
    ['a pattern that is none', 'regex', '(', 'Invalid regular expression'],
    ['a value that cannot be rendered', 'contains', '{{ x( }}', 'template'],
    ['an empty list', 'contains-any', [], 'empty'],
    ['a list of nothing', 'contains-all', ' , ', 'empty'],
  ])('%s passes in neither form: not knowing is not passing', (_name, type, value, why) => {
    for (const not of [false, true]) {
      expect(check(type, value, 'anything', not)).toMatchObject({
        pass: false,
        score: 0,
        reason: expect.stringContaining(why),
      });
    }
  });

  test('a reason names what is missing, cut to a readable length', () => {
    expect(check('contains-all', ['It', 'Rome', 'Oslo'], 'It')).toMatchObject({
      reason: 'does not contain "Rome", "Oslo"',
    });
    expect((check('equals', 'x'.repeat(5000), 'y') as { reason: string }).reason.length).toBeLessThan(200);
  });

  test('a list in one string is split at commas, with quotes for commas inside', () => {
    expect(listOf('a, "b, c" ,"say ""hi""", d"e')).toEqual(['a', 'b, c', 'say "hi"', 'd"e']);
    expect(listOf(['a, b', 1])).toEqual(['a, b', '1']);
  });
});

describe('a case', () => {
  const result = (pass: boolean, weight: number) => ({ type: 't', pass, score: Number(pass), reason: '', weight });

  test.each<[string, [boolean, number][], number | undefined, boolean, number]>([
    [
      'passes when all graders pass',
      [
        [true, 1],
        [true, 1],
      ],
      undefined,
      true,
      1,
    ],
    [
      'fails when one grader fails',
      [
        [true, 1],
        [false, 1],
      ],
      undefined,
      false,
      0.5,
    ],
    [
      'weighs its graders',
      [
        [true, 3],
        [false, 1],
      ],
      undefined,
      false,
      0.75,
    ],
    [
      'passes at its threshold',
      [
        [true, 3],
        [false, 1],
      ],
      0.75,
      true,
      0.75,
    ],
    [
      'fails below its threshold',
      [
        [true, 1],
        [false, 1],
      ],
      0.75,
      false,
      0.5,
    ],
    [
      'reaches a threshold in spite of rounding',
      [
        [true, 0.1],
        [true, 0.2],
        [false, 0.7],
      ],
      0.3,
      true,
      0.3,
    ],
    [
      'is not failed by a grader of weight 0',
      [
        [true, 1],
        [false, 0],
      ],
      undefined,
      true,
      1,
    ],
    ['passes when only graders of weight 0 fail', [[false, 0]], undefined, true, 1],
    ['passes without graders, being answered', [], undefined, true, 1],
  ])('%s', (_name, graders, threshold, pass, score) => {
    const graded = aggregate(
      threshold === undefined ? {} : { threshold },
      graders.map(([ok, weight]) => result(ok, weight)),
    );
    expect(graded.pass).toBe(pass);
    expect(graded.score).toBeCloseTo(score, 12);
  });

  test('has a score between 0 and 1, 1 only when every weighted grader passes', () => {
    const anyGrader = fc.record({ pass: fc.boolean(), weight: fc.double({ min: 0, max: 1e6, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(anyGrader, { maxLength: 8 }), graders => {
        const graded = aggregate(
          {},
          graders.map(({ pass, weight }) => result(pass, weight)),
        );
        expect(graded.score).toBeGreaterThanOrEqual(0);
        expect(graded.score).toBeLessThanOrEqual(1);
        if (graded.pass) expect(graded.score).toBe(1);
      }),
    );
  });

  test('without slow patterns is graded at once, and keeps the order and the metric names of its graders', () => {
    const plan = casePlan('c', {
      graders: [grader('contains', 'a', { metric: 'tone' }), grader('contains', 'z', { weight: 0 })],
    });
    expect(gradeCase(plan, 'abc', {}, noThread)).toMatchObject({
      pass: true,
      graders: [
        { metric: 'tone', pass: true },
        { weight: 0, pass: false },
      ],
    });
  });
});
