import pc from 'picocolors';
import { expect, test } from 'vitest';
import { SpillwayError } from '../errors.ts';
import { describeFailure } from './terminal.ts';

test('what an error quotes from a file cannot drive the terminal', () => {
  const problems = [{ file: 'a.csv', line: 1, path: '', message: 'found \x1b]0;title\x07\x1b[31mred' }];
  const text = describeFailure(new SpillwayError('CONFIG_INVALID', 'in \x1b[2J', { problems }), pc.createColors(false));
  expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  expect(text).toContain('found \uFFFD]0;title\uFFFD\uFFFD[31mred');
});
