import { afterEach, describe, expect, test } from 'vitest';
import { grader } from '../suite.test-support.ts';
import { grade } from './grade.ts';
import { makePatternThread } from './pattern-thread.ts';
import { isCheap, type PatternMatcher } from './regex.ts';

const HANGS = '(a+)+$';
const BAIT = `${'a'.repeat(40)}!`;
let thread: PatternMatcher | undefined;
afterEach(async () => {
  await thread?.close();
  thread = undefined;
});

function started(deadlineMs?: number): PatternMatcher {
  thread = makePatternThread(deadlineMs);
  return thread;
}

describe('a pattern', () => {
  test.each([false, true])(
    'that backtracks for ever fails within its deadline and does not hang the run (not: %s)',
    async not => {
      const result = await grade(grader('regex', HANGS, { not }), BAIT, {}, started());
      expect(result).toMatchObject({ pass: false, score: 0, reason: '"(a+)+$" took longer than 250 ms' });
    },
  );

  test('that hangs does not take the next ones with it', async () => {
    const matcher = started(50);
    const found = await Promise.all([
      matcher.match('(b|c)+', 'abc'),
      matcher.match(HANGS, BAIT),
      matcher.match('(x|y)+', 'abc'),
      matcher.match(HANGS, BAIT),
      matcher.match('(a|c)+', 'abc'),
    ]);
    expect(found).toEqual([true, 'late', false, 'late', true]);
  });

  test('with groups is matched on the thread as anywhere else', async () => {
    const matcher = started();
    expect(await grade(grader('regex', '^(\\w+) (\\w+) \\1$'), 'one two one', {}, matcher)).toMatchObject({
      pass: true,
    });
    expect(await grade(grader('regex', '^(\\w+) (\\w+) \\1$'), 'one two two', {}, matcher)).toMatchObject({
      pass: false,
    });
  });

  test('is answered after the thread was closed, as not decided', async () => {
    const matcher = started();
    const open = matcher.match(HANGS, BAIT);
    await matcher.close();
    expect([await open, await matcher.match('(a)', 'a')]).toEqual(['late', 'late']);
  });
});

describe('a pattern runs without a thread', () => {
  test.each([
    ['plain words', 'hello world', 10],
    ['classes and escapes', '^\\[\\d\\]\\.[^\\]*+]$', 10],
    ['alternatives inside a class', '[(|)*+?]', 10],
    ['fixed repeats', '\\d{3}-\\d{4}', 2000],
    ['one quantifier in a short text', '^\\d+$', 2000],
  ])('%s', (_name, source, length) => expect(isCheap(source, 'x'.repeat(length))).toBe(true));

  test.each([
    ['a group', '(a)', 10],
    ['alternatives', 'a|b', 10],
    ['two quantifiers', 'a+b+', 10],
    ['optional parts', 'a?a?a?aaa', 10],
    ['a back reference', 'a\\1', 10],
    ['a named back reference', 'a\\k<n>', 10],
    ['a look-ahead', '(?=a)', 10],
    ['an open range', 'a{2,}b{3,}', 10],
    ['one quantifier in a long text', '\\d+x', 2001],
    ['a long text', 'x', 20_001],
    ['a long pattern', 'x'.repeat(501), 10],
  ])('but not with %s', (_name, source, length) => expect(isCheap(source, 'x'.repeat(length))).toBe(false));
});
