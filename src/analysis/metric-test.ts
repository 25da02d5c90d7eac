/**
 * The sequential test of one live metric, whatever it is made of: at its own margin, where it raises the alarm, and at the larger
 * margins of severity, whose nested nulls need no correction. The state is made with the first block: most of a thousand releases at
 * rest cost next to nothing.
 */
import type { EProcess } from '../stats/e-process.ts';
import { StateReader, StateWriter } from '../stats/state-bytes.ts';
import type { LiveSettings } from './live-settings.ts';

/** Odds of an error may grow by half before it counts: within-arm correlation alone makes that much. */
export const HARMLESS_ODDS_RATIO = 1.5;
const TAG = 0x82;

export interface MetricTest<Block> {
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
export interface Nested<Block, State> {
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

/** The metric's own margin, and the larger ones of the levels. */
export function marginsFrom(own: number, levels: readonly number[], { withSeverity }: LiveSettings): number[] {
  return [own, ...(withSeverity ? levels.filter(level => level > own * (1 + 1e-9)) : [])];
}
