import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DURATION, durationMs, formatDuration, MAX_DURATION_MS } from './duration.ts';
import { formatPercent, PERCENT, percentFraction } from './percent.ts';

describe('a duration', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['0s', 0],
    ['576h', MAX_DURATION_MS],
  ])('%s is %i ms', (text, ms) => expect(durationMs(text)).toBe(ms));

  test.each(['', '5', '5 m', '1.5s', '-1s', '1h30m', '5M', '1d', 's', '٣s', '99999999999s'])('"%s" is refused', text =>
    expect(() => durationMs(text)).toThrow(RangeError),
  );

  test('is written in the largest unit that divides it', () => {
    expect([0, 250, 1_000, 90_000, 60_000, 3_600_000, 5_400_000].map(formatDuration)).toEqual([
      '0s',
      '250ms',
      '1s',
      '90s',
      '1m',
      '1h',
      '90m',
    ]);
  });

  test('survives the round trip through text, for every whole number of milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_DURATION_MS }), ms => {
        const text = formatDuration(ms);
        expect(text).toMatch(DURATION);
        expect(durationMs(text)).toBe(ms);
      }),
    );
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('of %d ms cannot be written', ms =>
    expect(() => formatDuration(ms)).toThrow(RangeError),
  );
});

describe('a percentage', () => {
  test.each([
    ['5%', 0.05],
    ['0%', 0],
    ['100%', 1],
    ['0.7%', 0.007],
    ['12.5%', 0.125],
    ['250%', 2.5],
  ])('%s is the fraction %d, to the last digit', (text, fraction) => expect(percentFraction(text)).toBe(fraction));

  test.each(['5', '0.05', '5 %', '-5%', '.5%', '5%%', '1e1%'])('"%s" is refused', text =>
    expect(() => percentFraction(text)).toThrow(RangeError),
  );

  test('survives the round trip through text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), thousandths => {
        const fraction = Number(`${thousandths}e-5`);
        expect(formatPercent(fraction)).toMatch(PERCENT);
        expect(percentFraction(formatPercent(fraction))).toBe(fraction);
      }),
    );
  });
});
