/**
 * Short seeded calibration: the share of identical releases that are ever alarmed, looking after every block, and how
 * long a real regression goes unseen. Bounds are stated rates with room for the simulation's own error, and a seed fixes
 * the draws, so that nothing here is left to luck.
 */
import { describe, expect, test } from 'vitest';
import { boundedBetEProcess, type EProcess, oddsRatioEProcess, rankScoreEProcess } from './sequential.ts';
import { type Stream, seededStream } from './stream.test-support.ts';

const RUNS = 1000;
const BLOCKS = 1000;
const ALARM = Math.log(20);
const MOST_ALARMS = 0.05 + 3 * Math.sqrt((0.05 * 0.95) / RUNS);

type Draw = (stream: Stream, candidate: boolean) => number;

/** One process fed with drawn blocks of `ratio` baseline outcomes and one of the candidate. */
interface Experiment {
  alarmAfter(seed: number, blocks: number): number | undefined;
}

function ofValues<State>(
  process: EProcess<{ baseline: ArrayLike<number>; candidate: ArrayLike<number> }, State>,
  ratio: number,
  draw: Draw,
): Experiment {
  const block = { baseline: new Float64Array(ratio), candidate: new Float64Array(1) };
  return {
    alarmAfter: (seed, blocks) =>
      firstAlarm(process, seed, blocks, stream => {
        for (let i = 0; i < ratio; i++) block.baseline[i] = draw(stream, false);
        block.candidate[0] = draw(stream, true);
        return block;
      }),
  };
}

function ofErrors(ratio: number, baselineRate: number, candidateRate: number): Experiment {
  const block = { baselineTrials: ratio, baselineEvents: 0, candidateTrials: 1, candidateEvents: 0 };
  return {
    alarmAfter: (seed, blocks) =>
      firstAlarm(oddsRatioEProcess(), seed, blocks, stream => {
        block.baselineEvents = 0;
        for (let i = 0; i < ratio; i++) if (stream.flip(baselineRate)) block.baselineEvents++;
        block.candidateEvents = stream.flip(candidateRate) ? 1 : 0;
        return block;
      }),
  };
}

/** Blocks (so candidate outcomes) until log E reaches the alarm; undefined when it never does. */
function firstAlarm<Block, State>(
  process: EProcess<Block, State>,
  seed: number,
  blocks: number,
  draw: (stream: Stream) => Block,
): number | undefined {
  const stream = seededStream(seed);
  const state = process.initial();
  for (let i = 1; i <= blocks; i++) {
    process.fold(state, draw(stream));
    if (process.logE(state) >= ALARM) return i;
  }
  return undefined;
}

const latency: Draw = stream => stream.logNormal(0.5);
const fiveLevels: Draw = stream => {
  const u = stream.uniform();
  return u < 0.03 ? 0 : u < 0.07 ? 0.25 : u < 0.15 ? 0.5 : u < 0.35 ? 0.75 : 1;
};

describe('under an identical candidate, looked at after every block', () => {
  test.each([
    ['odds ratio at 1:1', ofErrors(1, 0.02, 0.02)],
    ['odds ratio at 9:1', ofErrors(9, 0.02, 0.02)],
    ['rank score at 1:1', ofValues(rankScoreEProcess(), 1, latency)],
    ['rank score at 9:1', ofValues(rankScoreEProcess(), 9, latency)],
    ['bounded bet at 1:1', ofValues(boundedBetEProcess(), 1, fiveLevels)],
    ['bounded bet at 9:1', ofValues(boundedBetEProcess(), 9, fiveLevels)],
  ])('the %s ever reaches 20 in at most one run of 20 (and 3 standard errors)', (...[, experiment]) => {
    let alarms = 0;
    for (let run = 0; run < RUNS; run++) if (experiment.alarmAfter(run, BLOCKS) !== undefined) alarms++;
    expect(alarms / RUNS).toBeLessThanOrEqual(MOST_ALARMS);
    // A test that never moved would pass the bound too.
    expect(alarms).toBeGreaterThan(0);
  });
});

describe('a regression at 1:1', () => {
  test.each([
    ['errors from 1 to 5%', ofErrors(1, 0.01, 0.05), 210, 650],
    [
      'latency 25% slower, σ = 0.5',
      ofValues(rankScoreEProcess(), 1, (stream, candidate) => (candidate ? 1.25 : 1) * stream.logNormal(0.5)),
      80,
      210,
    ],
  ])(
    '%s is found within the stated median and 95th percentile of candidate outcomes',
    (...[, experiment, median, p95]) => {
      const delays = Array.from(
        { length: RUNS },
        (_, run) => experiment.alarmAfter(run, 2000) ?? Number.POSITIVE_INFINITY,
      );
      delays.sort((a, b) => a - b);
      expect(delays[RUNS / 2]).toBeLessThanOrEqual(median);
      expect(delays[0.95 * RUNS]).toBeLessThanOrEqual(p95);
      expect(delays.at(-1)).toBeLessThanOrEqual(2000);
      process.stdout.write(`  median ${delays[RUNS / 2]}, 95th percentile ${delays[0.95 * RUNS]}\n`);
    },
  );
});
