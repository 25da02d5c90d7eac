import { describe, expect, test } from 'vitest';
import { hideKeys, makeRedactor } from './redact.ts';

describe('what an endpoint sends back', () => {
  test('hides a secret as it is, inside a URL and inside JSON', () => {
    const secret = 'p@ss "word"/1';
    const text = `${secret} ${encodeURIComponent(secret)} ${JSON.stringify(secret)}`;
    expect(makeRedactor([secret])(text)).toBe('[redacted] [redacted] "[redacted]"');
  });

  test('hides the longer of two secrets of which one holds the other', () =>
    expect(makeRedactor(['a-secret', 'a-secret-long'])('key a-secret-long')).toBe('key [redacted]'));

  test('keeps ordinary words when a secret is too short to be one', () =>
    expect(makeRedactor(['test'])('a test of tests')).toBe('a test of tests'));

  test('in an error hides what has the look of a credential, known or not', () => {
    expect(hideKeys('Authorization: Bearer abcdef123456')).toBe('Authorization: [redacted]');
    expect(hideKeys('got sk-proj-abcDEF123456')).toBe('got [redacted]');
  });
});
