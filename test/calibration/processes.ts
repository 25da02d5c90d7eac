/** The processes of the product behind one face: what a look at them needs, and no more. */
import type { EProcess, ValueBlock } from '../../src/stats/e-process.ts';
import {
  boundedBetEProcess,
  exceedanceEProcess,
  oddsRatioEProcess,
  rankScoreEProcess,
} from '../../src/stats/sequential.ts';

export interface Counts {
  baselineTrials: number;
  baselineEvents: number;
  candidateTrials: number;
  candidateEvents: number;
}

export interface Running<Block> {
  add(block: Block): void;
  logE(): number;
}

function running<Block, State>(process: EProcess<Block, State>): () => Running<Block> {
  return () => {
    const state = process.initial();
    return { add: block => void process.fold(state, block), logE: () => process.logE(state) };
  };
}

interface Settings {
  margin?: number;
  slice?: number;
}
const tempering = (slice: number | undefined) => (slice === undefined ? {} : { temperingSlice: slice });

export const errorOdds = ({ phi0 = 1, slice }: { phi0?: number; slice?: number } = {}) =>
  running(oddsRatioEProcess({ phi0, ...tempering(slice) }));
export const rank = ({ margin = 0, slice }: Settings = {}) =>
  running(rankScoreEProcess({ margin, ...tempering(slice) }));
export const exceedance = (p: number, margin = 0) => running(exceedanceEProcess({ p, margin }));
export const bet = (margin = 0) => running(boundedBetEProcess({ margin }));

/** ln of the equally weighted average, an e-value whatever the dependence. */
export function average(parts: readonly { logE(): number }[]): () => number {
  return () => {
    let sum = 0;
    for (const part of parts) sum += Math.exp(Math.min(part.logE(), 700));
    return Math.log(sum / parts.length);
  };
}

/** ln of the largest share: alarms when one part reaches its own alarm at an equal share of alpha. */
export function unionBound(parts: readonly { logE(): number }[]): () => number {
  return () => Math.max(...parts.map(part => part.logE())) - Math.log(parts.length);
}

export function valueBlock(baseline: number): ValueBlock & { baseline: Float64Array; candidate: Float64Array } {
  return { baseline: new Float64Array(baseline), candidate: new Float64Array(1) };
}

export function countBlock(baselineTrials: number, candidateTrials: number): Counts {
  return { baselineTrials, baselineEvents: 0, candidateTrials, candidateEvents: 0 };
}
