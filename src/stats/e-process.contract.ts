/** What every e-process must do, whatever it tests: a test of one calls this and adds only what is special to it. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { EProcess } from './e-process.ts';

/** A state that went through bytes continues with the same bits, and its evidence is finite, whatever came before. */
export function expectReplayFromBytes<Block, State>(
  process: EProcess<Block, State>,
  block: fc.Arbitrary<Block>,
  { seed, maxBlocks }: { seed: number; maxBlocks: number },
): void {
  fc.assert(
    fc.property(fc.array(block, { maxLength: maxBlocks }), block, (past, next) => {
      const state = process.initial();
      for (const one of past) process.update(state, one);
      const copy = process.decode(process.encode(state));
      const logE = process.logE(process.update(state, next));
      expect(process.logE(process.update(copy, next))).toBe(logE);
      expect(Number.isFinite(logE)).toBe(true);
    }),
    { seed },
  );
}
