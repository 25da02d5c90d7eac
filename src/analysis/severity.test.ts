import { expect, test } from 'vitest';
import { lesser, severityOfDrop, severityOfOdds, severityOfRatio, severityOfRise } from './severity.ts';

test.each([
  [null, 'none'],
  [0.7, 'none'],
  [1.049, 'none'],
  [1.05, 'low'],
  [1.1, 'medium'],
  [1.25, 'high'],
  [1.5, 'critical'],
])('a ratio of at least %f is %s', (least, severity) => expect(severityOfRatio(least)).toBe(severity));

test.each([
  [0.009, 'none'],
  [0.01, 'low'],
  [0.02, 'medium'],
  [0.05, 'high'],
  [0.1, 'critical'],
])('a loss of at least %f is %s', (least, severity) => expect(severityOfDrop(least)).toBe(severity));

test.each([
  [null, 0.06, 'none'],
  [1.5, 0.06, 'low'],
  [5, 0.000002, 'none'],
  [5, 0.006, 'medium'],
  [2, 0.06, 'medium'],
  [5, 0.06, 'critical'],
  [5, null, 'none'],
])('errors with odds at least %f times as high, and %f more of them, are %s', (odds, rise, severity) =>
  expect(lesser(severityOfOdds(odds), severityOfRise(rise))).toBe(severity),
);
