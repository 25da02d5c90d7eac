/** What every e-process must do, whatever it tests: a test of one calls this and adds only what is special to it. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { EProcess } from './e-process.ts';

/** Evidence is finite whatever came before; bytes and copies go on with the same bits, and a state that somebody kept stays. */
export function expectReplayFromBytes<Block, State>(
  process: EProcess<Block, State>,
  block: fc.Arbitrary<Block>,
  { seed, maxBlocks }: { seed: number; maxBlocks: number },
): void {
  fc.assert(
    fc.property(fc.array(block, { maxLength: maxBlocks }), block, (past, next) => {
      const state = process.initial();
      for (const one of past) process.fold(state, one);
      const kept = process.encode(state);
      const copy = process.decode(process.encode(state));
      const logE = process.logE(process.update(state, next));
      expect(process.encode(state)).toEqual(kept);
      expect(process.logE(process.fold(state, next))).toBe(logE);
      expect(process.logE(process.fold(copy, next))).toBe(logE);
      expect(Number.isFinite(logE)).toBe(true);
    }),
    { seed },
  );
}
