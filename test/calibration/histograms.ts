/**
 * Histograms: what a source of buckets alone can show. Values are drawn and counted by bucket; the sequential test sees an
 * interval at a time, the comparison two finished histograms. Unchanged candidates, candidates at the very margin, also with a
 * spike just below a bound, where buckets mislead most; and worse ones.
 */
import { compareBatch } from '../../src/analysis/batch.ts';
import type { RegressionPlan } from '../../src/config/plan.ts';
import {
  type BinnedSample,
  binnedSample,
  binnedValues,
  brunnerMunzel,
  nativeHistogram,
} from '../../src/stats/battery.ts';
import { histogramEProcess } from '../../src/stats/sequential.ts';
import type { Draws } from './draws.ts';
import { type Alarms, follow, type Method, type Scenario } from './scenario.ts';

const NEVER = Number.POSITIVE_INFINITY;
const MARGIN = 0.05;
const empty = (bounds: readonly number[]) => binnedSample(bounds, new Float64Array(bounds.length + 1));

/** Seconds; medians of the streams are 0.2. */
const BUCKETS = {
  'default buckets': empty([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
  'native schema 3': nativeHistogram({ schema: 3, zeroThreshold: 2 ** -128, zeroCount: 0 }),
  'buckets 0.25 and 1 s': empty([0.25, 1]),
} as const;
type Buckets = keyof typeof BUCKETS;

type Draw = (draws: Draws) => number;
const lognormal: Draw = draws => 0.2 * draws.logNormal(0.5);
/** 40 % stand just below the bound 0.25, and with the margin's 5 % just above it. */
const spiky: Draw = draws => (draws.flip(0.4) ? 0.249 : 0.2 * draws.logNormal(0.5));
/** Beyond 2.0537 lie 2 % of a normal. */
const slowTail: Draw = draws => {
  const z = draws.normal();
  return 0.2 * Math.exp(0.5 * z) * (z > 2.0537 ? 2 : 1);
};

interface Stream {
  name: string;
  buckets: Buckets;
  /** Values of baseline and candidate an interval. */
  sizes: readonly [baseline: number, candidate: number];
  baseline?: Draw;
  candidate?: Draw;
  /** The candidate's values are multiplied by it; 1 and 1.05 are no regression. */
  factor?: number;
  margin?: number;
  isNull: boolean;
  runs: { full: number; short: number };
  bars?: Partial<Method>;
}

function arm(size: number, draw: Draw, { draws, factor, like }: { draws: Draws; factor: number; like: BinnedSample }) {
  return binnedValues(
    Float64Array.from({ length: size }, () => factor * draw(draws)),
    like,
  );
}

const INTERVALS = 60;

/** Interval by interval; a common drift moves both arms. */
function live(stream: Stream): Scenario {
  const { buckets, sizes, factor = 1, isNull } = stream;
  const process = histogramEProcess({ margin: stream.margin ?? MARGIN });
  return {
    table: 'histograms',
    name: `${stream.name}, ${buckets}`,
    methods: [{ name: `live, ${sizes.join('/')}`, ...(isNull ? { mostAlarms: 0.05 } : {}), ...stream.bars }],
    runs: stream.runs,
    run(draws) {
      const state = process.initial();
      const phase = draws.uniform();
      const step = (look: number) => {
        const drift = 1 + 0.5 * Math.sin(2 * Math.PI * (look / 20 + phase));
        const shared = { draws, like: BUCKETS[buckets] };
        process.fold(state, {
          baseline: arm(sizes[0], stream.baseline ?? lognormal, { ...shared, factor: drift }),
          candidate: arm(sizes[1], stream.candidate ?? lognormal, { ...shared, factor: drift * factor }),
        });
      };
      return follow([() => process.logE(state)], step, { looks: INTERVALS, perLook: sizes[1], untilFirst: !isNull });
    },
  };
}

const planAt = (alpha: number, minEffect: number): RegressionPlan => ({
  alpha,
  onInconclusive: 'proceed',
  metrics: [{ name: 'latency', unit: 's', direction: 'lowerIsBetter', minEffect, required: true }],
});

/** What is to be beaten: every value in the middle of its bucket, where it can be scaled and tested as if it were known. */
function middles({ bounds, counts }: BinnedSample, factor: number): number[] {
  return Array.from(counts).flatMap((count, i) => {
    const middle = i === bounds.length ? bounds[i - 1]! : ((bounds[i - 1] ?? 0) + bounds[i]!) / 2;
    return new Array<number>(count).fill(middle * factor);
  });
}

/** Two finished histograms. An alarm is a verdict `fail`. */
function batch(stream: Stream): Scenario {
  const { buckets, sizes, factor = 1, margin = MARGIN, isNull } = stream;
  return {
    table: 'histograms',
    name: `${stream.name}, ${buckets}`,
    methods: [
      { name: `middles of the buckets, ${sizes.join('/')}` },
      { name: `compare, ${sizes.join('/')}`, ...(isNull ? { mostAlarms: 0.05 } : {}), ...stream.bars },
    ],
    runs: stream.runs,
    run(draws): Alarms[] {
      const shared = { draws, like: BUCKETS[buckets] };
      const x = arm(sizes[0], stream.baseline ?? lognormal, { ...shared, factor: 1 });
      const y = arm(sizes[1], stream.candidate ?? lognormal, { ...shared, factor });
      const samples = (histogram: BinnedSample) => ({
        latency: { direction: 'lowerIsBetter' as const, values: [], histogram },
      });
      const judged = (alpha: number) =>
        compareBatch(samples(x), samples(y), planAt(alpha, margin), draws.uniform).kind === 'fail' ? sizes[1] : NEVER;
      const { p } = brunnerMunzel(middles(y, 1 / (1 + margin)), middles(x, 1), { alternative: 'greater' });
      const naive = (alpha: number) => (p <= alpha ? sizes[1] : NEVER);
      return [
        [naive(0.05), naive(0.01)],
        [judged(0.05), judged(0.01)],
      ];
    },
  };
}

const SIZES = [
  [100, 100],
  [900, 100],
] as const;
const EVERY = Object.keys(BUCKETS) as Buckets[];
const SHORT: Buckets = 'native schema 3';

function nulls(kind: 'live' | 'batch', runs: number): Scenario[] {
  const make = kind === 'live' ? live : batch;
  return SIZES.flatMap(sizes =>
    EVERY.flatMap(buckets => {
      const short = kind === 'batch' && buckets === SHORT && sizes[0] === 100 ? 200 : 0;
      const shared = { buckets, sizes, isNull: true, runs: { full: runs, short } };
      const spikes = { baseline: spiky, candidate: spiky };
      return [
        make({ ...shared, name: 'unchanged, no margin', margin: 0 }),
        make({ ...shared, runs: { full: runs, short: 0 }, name: 'at the margin, +5 %', factor: 1 + MARGIN }),
        make({
          ...shared,
          runs: { full: runs, short: 0 },
          ...spikes,
          name: 'at the margin, spike below a bound',
          factor: 1 + MARGIN,
        }),
      ];
    }),
  );
}

/** Bars of the live test stand some twenty per cent above what was measured: they guard against a step back. */
const WORSE: readonly (Pick<Stream, 'name' | 'buckets' | 'factor' | 'candidate'> & { live?: Partial<Method> })[] = [
  { name: '+25 %', buckets: 'native schema 3', factor: 1.25, live: { median: 800, p95: 1_700 } },
  { name: '× 3', buckets: 'default buckets', factor: 3, live: { median: 300, p95: 400 } },
  { name: 'top 2 % doubled', buckets: 'native schema 3', candidate: slowTail, live: { median: 3_400 } },
  { name: '+25 %', buckets: 'default buckets', factor: 1.25 },
];

export const HISTOGRAMS: readonly Scenario[] = [
  ...nulls('live', 1_000),
  ...nulls('batch', 1_000),
  ...SIZES.flatMap(sizes =>
    WORSE.flatMap(({ live: bars = {}, ...stream }) => {
      const shared = { ...stream, sizes, isNull: false };
      const isShort = stream.factor === 1.25 && stream.buckets === SHORT && sizes[0] === 100;
      return [
        live({ ...shared, bars, runs: { full: 300, short: isShort ? 60 : 0 } }),
        batch({ ...shared, runs: { full: 300, short: 0 } }),
      ];
    }),
  ),
];
