import { expect, test } from 'vitest';
import { severityOfDrop, severityOfRate, severityOfRatio } from './severity.ts';

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
  [0.01, null, 'none'],
  [0.01, -0.01, 'none'],
  [0.01, 0.004, 'none'],
  [0.01, 0.0052, 'low'],
  [0.000001, 0.000002, 'none'],
  [0, 0.006, 'medium'],
  [0.3, 0.1, 'low'],
  [0.01, 0.06, 'critical'],
])('errors at %f, at least %f more, are %s', (rate, least, severity) =>
  expect(severityOfRate(rate, least)).toBe(severity),
);
