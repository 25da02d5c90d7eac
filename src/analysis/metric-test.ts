/**
 * The sequential test of one live metric: at its own margin, where it raises the alarm, and at the larger margins of severity,
 * whose nested nulls need no correction. Times, cost and tokens are tested by ranks and by quantiles, errors by their odds,
 * quality by bets on its mean. The state is made with the first block: most of a thousand releases at rest cost next to nothing.
 */
import { boundedBetEProcess } from '../stats/bounded-bet.ts';
import { averageLogEValues, type EProcess, type ValueBlock } from '../stats/e-process.ts';
import { type NestedMarginsState, nestedMarginsEProcess } from '../stats/nested-margins.ts';
import { oddsRatioEProcess } from '../stats/odds-ratio.ts';
import { StateReader, StateWriter } from '../stats/state-bytes.ts';
import type { TrackedMetric } from './live-plan.ts';
import type { LiveSettings } from './live-settings.ts';
import { DROPS, ODDS_RATIOS, RATIOS } from './severity.ts';

/** Odds of an error may grow by half before it counts: within-arm correlation alone makes that much. */
export const HARMLESS_ODDS_RATIO = 1.5;
const TAG = 0x82;

export interface MetricTest<Block = ValueBlock> {
  /** As ratios, odds ratios or points of 1: the metric's own first, then those of severity above it. */
  readonly margins: readonly number[];
  add(block: Block): void;
  /** One more copy of the tests begins, with half of the capital that is at rest. */
  restart(): void;
  /** Natural logarithm of the e-value of "not worse than margins[k]". */
  logE(k: number): number;
  /** The quantile that says most of what is said at the metric's own margin; null where it is not one of them. */
  leadingQuantile(): number | null;
  encode(): Uint8Array;
  /** @throws RangeError when the bytes are of another test */
  restore(bytes: Uint8Array): void;
}

/** One test at all of its margins. */
interface Nested<Block, State> {
  readonly margins: readonly number[];
  initial(): State;
  fold(state: State, block: Block): void;
  restart(state: State): State;
  logE(state: State, k: number): number;
  leadingQuantile?(state: State): number | null;
  encode(state: State): Uint8Array;
  decode(bytes: Uint8Array): State;
}

export interface TestOptions {
  atRest: number;
  temperingSlice?: number;
}

/** Of values that come one by one, in blocks of both arms. */
export function metricTest(metric: TrackedMetric, settings: LiveSettings): MetricTest {
  const options = testOptions(settings);
  if (metric.source === 'error') return begunByFirstBlock(ofErrors(settings, options));
  if (metric.source === 'quality') return begunByFirstBlock(ofQuality(metric, settings, options));
  return begunByFirstBlock(ofTimes(metric, settings, options));
}

export function testOptions({ atRest, temperingSlice }: LiveSettings): TestOptions {
  return { atRest, ...(temperingSlice === null ? {} : { temperingSlice }) };
}

export function begunByFirstBlock<Block, State>(test: Nested<Block, State>): MetricTest<Block> {
  let state: State | undefined;
  return {
    margins: test.margins,
    add(block) {
      state ??= test.initial();
      test.fold(state, block);
    },
    restart() {
      if (state !== undefined) state = test.restart(state);
    },
    logE: k => (state === undefined ? 0 : test.logE(state, k)),
    leadingQuantile: () => (state === undefined ? null : (test.leadingQuantile?.(state) ?? null)),
    encode: () => (state === undefined ? new Uint8Array() : test.encode(state)),
    restore(bytes) {
      state = bytes.length === 0 ? undefined : test.decode(bytes);
    },
  };
}

function ofErrors(settings: LiveSettings, options: TestOptions): Nested<ValueBlock, unknown> {
  const margins = marginsFrom(HARMLESS_ODDS_RATIO, ODDS_RATIOS, settings);
  return sideBySide(
    margins,
    margins.map(phi0 => oddsRatioEProcess({ phi0, ...options })),
    ({ baseline, candidate }) => ({
      baselineTrials: baseline.length,
      baselineEvents: sum(baseline),
      candidateTrials: candidate.length,
      candidateEvents: sum(candidate),
    }),
  );
}

function ofQuality(
  { margin, worse }: TrackedMetric,
  settings: LiveSettings,
  options: TestOptions,
): Nested<ValueBlock, unknown> {
  const margins = marginsFrom(margin, DROPS, settings);
  return sideBySide(
    margins,
    margins.map(each => boundedBetEProcess({ margin: each, worse, ...options })),
    block => block,
  );
}

/** A process for each margin; all see every block. */
export function sideBySide<Given, Block, State>(
  margins: readonly number[],
  processes: readonly EProcess<Block, State>[],
  blockOf: (block: Given) => Block,
): Nested<Given, State[]> {
  return {
    margins,
    initial: () => processes.map(process => process.initial()),
    fold(states, values) {
      const block = blockOf(values);
      for (const [k, process] of processes.entries()) process.fold(states[k]!, block);
    },
    restart: states => processes.map((process, k) => process.restart!(states[k]!)),
    logE: (states, k) => processes[k]!.logE(states[k]!),
    encode(states) {
      const writer = new StateWriter(TAG);
      for (const [k, process] of processes.entries()) writer.nested(process.encode(states[k]!));
      return writer.bytes();
    },
    decode(bytes) {
      const reader = new StateReader(bytes, TAG);
      const states = processes.map(process => process.decode(reader.nested()));
      reader.end();
      return states;
    },
  };
}

/** Where lower is worse the reciprocals are tested: to be lower by a factor is to have them higher by it. */
function ofTimes(
  { margin, worse }: TrackedMetric,
  settings: LiveSettings,
  options: TestOptions,
): Nested<ValueBlock, unknown> {
  const margins = marginsFrom(1 + margin, RATIOS, settings);
  const quantiles = settings.quantiles.map(({ p }) => p);
  const process = nestedMarginsEProcess({ margins: margins.map(ratio => ratio - 1), quantiles, ...options });
  const shares = [settings.rankShare, ...settings.quantiles.map(({ share }) => share)];
  const logEs = shares.map(() => 0);
  const read = (state: NestedMarginsState, k: number): number[] => {
    logEs[0] = process.rankLogE(state, k);
    for (let q = 0; q < quantiles.length; q++) logEs[q + 1] = process.exceedanceLogE(state, k, q);
    return logEs;
  };
  const nested: Nested<ValueBlock, NestedMarginsState> = {
    ...process,
    restart: state => process.restart!(state),
    margins,
    fold(state, block) {
      process.fold(state, worse === 'higher' ? block : reciprocals(block));
    },
    logE: (state, k) => averageLogEValues(read(state, k), shares),
    leadingQuantile(state) {
      const said = read(state, 0).map((logE, i) => logE + Math.log(shares[i]!));
      return quantiles[said.indexOf(Math.max(...said)) - 1] ?? null;
    },
  };
  return nested as Nested<ValueBlock, unknown>;
}

function reciprocals({ baseline, candidate }: ValueBlock): ValueBlock {
  const of = (values: ArrayLike<number>) => Array.from(values, value => 1 / value);
  return { baseline: of(baseline), candidate: of(candidate) };
}

/** The metric's own margin, and the larger ones of the levels. */
export function marginsFrom(own: number, levels: readonly number[], { withSeverity }: LiveSettings): number[] {
  return [own, ...(withSeverity ? levels.filter(level => level > own * (1 + 1e-9)) : [])];
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
