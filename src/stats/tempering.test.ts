import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundedBetEProcess } from './bounded-bet.ts';
import { expectReplayFromBytes } from './e-process.contract.ts';
import { exceedanceEProcess } from './exceedance.ts';
import { oddsRatioEProcess } from './odds-ratio.ts';
import { rankScoreEProcess } from './rank-score.ts';
import { type Stream, seededStream } from './stream.test-support.ts';
import { addToSlice, closeSlice, temperingState } from './tempering.ts';

const ALARM = Math.log(20);
const RUNS = 300;

/** Errors of 100 requests whose common rate is 3% in one interval of three, else 0: 1% on average, correlation 0.02. */
function clusteredErrors(stream: Stream): number {
  const rate = stream.flip(0.336) ? 0.01 / 0.336 : 0;
  let count = 0;
  for (let i = 0; i < 100; i++) if (stream.flip(rate)) count++;
  return count;
}

function plainErrors(stream: Stream, rate: number): number {
  let count = 0;
  for (let i = 0; i < 100; i++) if (stream.flip(rate)) count++;
  return count;
}

/** Intervals until the alarm, or undefined, for an odds-ratio process over at most 200 intervals of 100 v 100. */
function alarmAfter(
  process: ReturnType<typeof oddsRatioEProcess>,
  seed: number,
  events: (stream: Stream, candidate: boolean) => number,
): number | undefined {
  const stream = seededStream(seed);
  const state = process.initial();
  for (let interval = 1; interval <= 200; interval++) {
    const baselineEvents = events(stream, false);
    process.fold(state, {
      baselineTrials: 100,
      baselineEvents,
      candidateTrials: 100,
      candidateEvents: events(stream, true),
    });
    if (process.logE(state) >= ALARM) return interval;
  }
  return undefined;
}

function falseAlarms(process: ReturnType<typeof oddsRatioEProcess>): number {
  let alarms = 0;
  for (let run = 0; run < RUNS; run++) if (alarmAfter(process, run, clusteredErrors) !== undefined) alarms++;
  return alarms / RUNS;
}

describe('tempering', () => {
  test('starts at 1/1.5, and reaches 1 when slices scatter as independent outcomes do', () => {
    const state = temperingState(1);
    expect(state.eta).toBeCloseTo(1 / 1.5, 12);
    const stream = seededStream(51);
    for (let slice = 0; slice < 500; slice++) {
      const events = plainErrors(stream, 0.2);
      addToSlice(state, 0, 100, events, events);
      closeSlice(state);
    }
    expect(state.eta).toBeGreaterThan(0.9);
  });

  test('discounts by the factor by which slices scatter too much', () => {
    const state = temperingState(1);
    const stream = seededStream(52);
    // Each outcome repeated four times: a slice of 100 carries what 25 independent ones would.
    for (let slice = 0; slice < 2000; slice++) {
      const events = 4 * Array.from({ length: 25 }, () => stream.flip(0.5)).filter(Boolean).length;
      addToSlice(state, 0, 100, events, events);
      closeSlice(state);
    }
    expect(state.eta).toBeGreaterThan(1 / 4.4);
    expect(state.eta).toBeLessThan(1 / 3.6);
  });

  test('learns nothing from outcomes without variation', () => {
    const state = temperingState(2);
    for (let slice = 0; slice < 10; slice++) {
      addToSlice(state, 0, 100, 0, 0);
      closeSlice(state);
    }
    expect(state.degrees).toBe(0);
  });

  test('with the margin, holds false alarms of correlated errors to 5%, where the raw test exceeds 15%', () => {
    expect(falseAlarms(oddsRatioEProcess())).toBeGreaterThan(0.15);
    expect(falseAlarms(oddsRatioEProcess({ phi0: 1.5, temperingSlice: 100 }))).toBeLessThanOrEqual(0.05);
  });

  test('with the margin, still finds errors risen from 1 to 5% after at most 7 intervals of 100 in half of the runs', () => {
    const process = oddsRatioEProcess({ phi0: 1.5, temperingSlice: 100 });
    const delays = Array.from(
      { length: RUNS },
      (_, run) => alarmAfter(process, run, (stream, candidate) => plainErrors(stream, candidate ? 0.05 : 0.01)) ?? 1e9,
    ).sort((a, b) => a - b);
    expect(delays[RUNS / 2]).toBeLessThanOrEqual(7);
    expect(delays[0.95 * RUNS]).toBeLessThanOrEqual(16);
  });

  test('continues from its bytes with the same bits in every process that offers it', () => {
    const options = { temperingSlice: 3 };
    const processes = [
      rankScoreEProcess(options),
      boundedBetEProcess(options),
      exceedanceEProcess({ p: 0.5, ...options }),
    ];
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    const block = fc.record({
      baseline: fc.array(unit, { minLength: 1, maxLength: 3 }),
      candidate: fc.array(unit, { minLength: 1, maxLength: 3 }),
    });
    for (const process of processes as ReturnType<typeof boundedBetEProcess>[])
      expectReplayFromBytes(process, block, { seed: 13, maxBlocks: 40 });
  });

  test('refuses a slice that is no whole number, and bytes of an untempered process', () => {
    expect(() => rankScoreEProcess({ temperingSlice: 0 })).toThrow(/whole number/);
    const plain = oddsRatioEProcess();
    expect(() => oddsRatioEProcess({ temperingSlice: 100 }).decode(plain.encode(plain.initial()))).toThrow(/cut short/);
  });
});
