import { describe, expect, test } from 'vitest';
import { boundedBetEProcess } from './bounded-bet.ts';
import { averageLogEValues, type EProcess } from './e-process.ts';
import { exceedanceEProcess } from './exceedance.ts';
import { nestedMarginsEProcess } from './nested-margins.ts';
import { oddsRatioEProcess } from './odds-ratio.ts';
import { seededRandom } from './random.ts';
import { rankScoreEProcess } from './rank-score.ts';

type AnyProcess = EProcess<unknown, unknown>;
const count = (random: () => number) => ({
  baselineTrials: 9,
  baselineEvents: Number(random() < 0.2),
  candidateTrials: 1,
  candidateEvents: Number(random() < 0.3),
});
const values = (random: () => number) => ({ baseline: [random(), random()], candidate: [Math.min(1, 0.1 + random())] });

/** Its blocks are facts, not ranks: a copy that begins later is the same as a process that begins later. */
const WITHOUT_PAST: [string, (atRest: number) => AnyProcess, (random: () => number) => unknown][] = [
  ['odds ratio', atRest => oddsRatioEProcess({ atRest }) as AnyProcess, count],
  ['bet on the mean', atRest => boundedBetEProcess({ atRest, worse: 'higher' }) as AnyProcess, values],
];
const EVERY: typeof WITHOUT_PAST = [
  ...WITHOUT_PAST,
  ['rank score', atRest => rankScoreEProcess({ atRest }) as AnyProcess, values],
  ['exceedance', atRest => exceedanceEProcess({ p: 0.5, atRest }) as AnyProcess, values],
];

describe('copies of a test that begin later', () => {
  test.each(WITHOUT_PAST)(
    '%s: the evidence is the weighted average of processes begun at those times',
    (_, make, draw) => {
      const [mixed, single] = [make(0.4), make(0)];
      const random = seededRandom(5);
      let state = mixed.initial();
      const copies = [single.initial()];
      for (let i = 0; i < 300; i++) {
        if (i === 100 || i === 200) {
          state = mixed.restart!(state);
          copies.push(single.initial());
        }
        const block = draw(random);
        mixed.fold(state, block);
        for (const copy of copies) single.fold(copy, block);
      }
      const logEs = [...copies.map(copy => single.logE(copy)), 0];
      expect(mixed.logE(state)).toBeCloseTo(averageLogEValues(logEs, [0.6, 0.2, 0.1, 0.1]), 10);
    },
  );

  test.each(EVERY)(
    '%s: begins at 1, loses no more than what plays, and goes through bytes in the middle',
    (_, make, draw) => {
      const process = make(0.25);
      const random = seededRandom(6);
      let state = process.initial();
      expect(process.logE(state)).toBeCloseTo(0, 12);
      for (let i = 0; i < 50; i++) process.fold(state, draw(random));
      const before = process.logE(state);
      state = process.restart!(state);
      expect(process.logE(state)).toBeCloseTo(before, 12);
      expect(before).toBeGreaterThan(Math.log(0.25));
      const copy = process.decode(process.encode(state));
      const next = draw(random);
      state = process.fold(state, next);
      expect(process.logE(process.fold(copy, next))).toBe(process.logE(state));
    },
  );

  test('a regression that begins late is found sooner, and one from the start hardly later', () => {
    const alarmAfter = (atRest: number, from: number) => {
      const process = nestedMarginsEProcess({ margins: [0.05], quantiles: [0.95], atRest });
      const random = seededRandom(7);
      let state = process.initial();
      for (let i = 1; i <= 4_000; i++) {
        if (i === 1_001) state = process.restart!(state);
        const [baseline, candidate] = [random() + 0.1, (random() + 0.1) * (i > from ? 1.5 : 1)];
        process.fold(state, { baseline: [baseline], candidate: [candidate] });
        if (process.rankLogE(state, 0) >= Math.log(20)) return i - from;
      }
      return Number.POSITIVE_INFINITY;
    };
    expect(alarmAfter(0.3, 1_000)).toBeLessThan(0.7 * alarmAfter(0, 1_000));
    expect(alarmAfter(0.3, 0)).toBeLessThan(1.3 * alarmAfter(0, 0));
  });

  test('a share at rest outside [0, 1) is refused', () => {
    for (const atRest of [-0.1, 1, Number.NaN])
      expect(() => oddsRatioEProcess({ atRest })).toThrow(/share at rest must lie in \[0, 1\)/);
  });
});
