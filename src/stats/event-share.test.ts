import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectReplayFromBytes } from './e-process.contract.ts';
import { eventShareEProcess } from './event-share.ts';
import { seededStream } from './stream.test-support.ts';

const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });
const block = fc
  .record({
    total: fc.nat(200),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    share: fc.constantFrom(0.05, 0.25, 0.5),
  })
  .map(({ total, part, share }) => ({ candidateEvents: Math.round(part * total), totalEvents: total, share }));

describe('the event-share e-process', () => {
  test.each(['more', 'fewer'] as const)('has expectation exactly 1 when the share is the exposure (%s)', side => {
    const process = eventShareEProcess({ side });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), share, (n, rho) => {
        let mean = 0;
        let chance = (1 - rho) ** n;
        for (let k = 0; k <= n; k++) {
          const state = process.fold(process.initial(), { candidateEvents: k, totalEvents: n, share: rho });
          mean += chance * Math.exp(process.logE(state));
          chance *= ((n - k) * rho) / ((k + 1) * (1 - rho));
        }
        expect(mean).toBeCloseTo(1, 9);
      }),
      { seed: 9 },
    );
  });

  test('finds units routed 8% instead of 5%, in the direction they err and not in the other', () => {
    const more = eventShareEProcess({ side: 'more' });
    const fewer = eventShareEProcess({ side: 'fewer' });
    const [over, under] = [more.initial(), fewer.initial()];
    const stream = seededStream(31);
    for (let i = 0; i < 5000; i++) {
      const unit = { candidateEvents: stream.flip(0.08) ? 1 : 0, totalEvents: 1, share: 0.05 };
      more.fold(over, unit);
      fewer.fold(under, unit);
    }
    expect(more.logE(over)).toBeGreaterThan(Math.log(1000));
    expect(fewer.logE(under)).toBeLessThan(0);
  });

  test('keeps the evidence of earlier shares when the share changes', () => {
    const process = eventShareEProcess();
    const state = process.fold(process.initial(), { candidateEvents: 30, totalEvents: 40, share: 0.5 });
    const before = process.logE(state);
    process.fold(state, { candidateEvents: 0, totalEvents: 0, share: 0.25 });
    expect(process.logE(state)).toBe(before);
    process.fold(state, { candidateEvents: 0, totalEvents: 5, share: 0.25 });
    expect(process.logE(state)).toBeCloseTo(before - 1.791759469228055, 9);
  });

  test('continues from its bytes with the same bits, and is finite', () => {
    const process = eventShareEProcess();
    expectReplayFromBytes(process, block, { seed: 10, maxBlocks: 20 });
  });

  test('refuses impossible counts, shares outside (0, 1) and tempering', () => {
    const process = eventShareEProcess();
    const state = process.initial();
    expect(() => process.fold(state, { candidateEvents: 2, totalEvents: 1, share: 0.5 })).toThrow(/candidate ≤ total/);
    expect(() => process.fold(state, { candidateEvents: 0, totalEvents: 1, share: 1 })).toThrow(/\(0, 1\)/);
    expect(() => process.fold(state, { candidateEvents: 0, totalEvents: 1, share: 0.5 }, 0.5)).toThrow(/tempered/);
  });
});
