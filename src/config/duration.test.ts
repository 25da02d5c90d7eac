import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationMs, MAX_DURATION_MS } from './duration.ts';
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
