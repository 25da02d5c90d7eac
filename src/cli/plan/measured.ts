/**
 * What the last release tells about traffic and metrics: its stages keep the verdict they were left on, with the units that
 * were compared and the interval of each effect. The width of an interval is a known function of n and of the spread or the
 * rate, so these are read back from it. Says nothing where it cannot; invents nothing.
 */
import { timeUniformZ, wilson } from '../../analysis/block-effect.ts';
import { blockShape } from '../../analysis/block-queue.ts';
import type { MetricEvidence } from '../../analysis/verdict.ts';
import type { WireRelease } from '../../server/contract.ts';

export interface Measured {
  release: string;
  /** RFC 3339: when it was created. */
  at: string;
  /** New units of both arms a second, over the stages that compared. */
  unitsPerSecond: number;
  errorRate?: number;
  /** Standard deviation of the logarithm, by metric. */
  spreads: Map<string, number>;
  /** Mean of pass or fail with the spread that was seen. */
  quality?: number;
}

/** Blocks of one shape. */
interface Part {
  blocks: number;
  /** Values of each arm in a block. */
  baseline: number;
  candidate: number;
}

const FEWEST_UNITS = 50;
const FEWEST_BLOCKS = 30;

/** Null when it compared too little. @param alpha that its intervals were made with */
export function measuredIn(release: WireRelease, alpha: number): Measured | null {
  const stages = release.stages.filter(({ weight, verdict }) => weight < 100 && verdict);
  let [units, ms, before] = [0, 0, 0];
  for (const { enteredAt, leftAt, verdict } of stages) {
    const { n } = evidenceOf(verdict!.metrics, 'errors');
    units += n.baseline + n.candidate - before;
    before = n.baseline + n.candidate;
    ms += Date.parse(leftAt ?? '') - Date.parse(enteredAt ?? '');
  }
  if (!(units >= FEWEST_UNITS && ms > 0)) return null;
  const { id, createdAt } = release;
  const found: Measured = { release: id, at: createdAt, unitsPerSecond: (1000 * units) / ms, spreads: new Map() };
  const last = stages.at(-1)!.verdict!;
  for (const metric of last.metrics) {
    const parts = partsOf(stages, metric.name);
    if (metric.e === undefined || sumOf(parts, () => 1) < FEWEST_BLOCKS) continue;
    if (metric.name === 'errors') Object.assign(found, optional('errorRate', errorRateOf(metric, parts, alpha)));
    else if (metric.effect.kind === 'ratio') {
      const spread = spreadOf(metric, parts, alpha);
      if (spread !== undefined && spread >= 0.01 && spread <= 5) found.spreads.set(metric.name, spread);
    } else Object.assign(found, optional('quality', qualityOf(metric, parts, alpha)));
  }
  return found;
}

const NOTHING: Pick<MetricEvidence, 'n'> = { n: { baseline: 0, candidate: 0 } };
const evidenceOf = (metrics: readonly MetricEvidence[], name: string) =>
  metrics.find(metric => metric.name === name) ?? NOTHING;
const optional = (name: string, value: number | undefined) => (value === undefined ? {} : { [name]: value });

/** Counts in verdicts run on through the release; blocks have the shape of their stage. */
function partsOf(stages: WireRelease['stages'], name: string): Part[] {
  let before = 0;
  return stages.flatMap(({ weight, verdict }) => {
    const shape = blockShape(weight);
    const { candidate } = evidenceOf(verdict!.metrics, name).n;
    if (!shape || candidate <= before) return [];
    const blocks = (candidate - before) / shape.candidate;
    before = candidate;
    return [{ ...shape, blocks }];
  });
}

/** Sum over all blocks. */
function sumOf(parts: readonly Part[], of: (part: Part) => number): number {
  return parts.reduce((sum, part) => sum + part.blocks * of(part), 0);
}

/** Of single values, from that of a block's difference. */
function spreadOf({ effect }: MetricEvidence, parts: readonly Part[], alpha: number): number | undefined {
  const [low, high] = effect.interval;
  if (low === null || high === null || !(low > 0)) return undefined;
  return spreadOfHalfWidth(Math.log(high / low) / 2, parts, alpha);
}

function spreadOfHalfWidth(half: number, parts: readonly Part[], alpha: number): number {
  const blocks = sumOf(parts, () => 1);
  const ofBlock = (half * Math.sqrt(blocks)) / timeUniformZ(blocks, alpha);
  return ofBlock / Math.sqrt(sumOf(parts, part => 1 / part.baseline + 1 / part.candidate) / blocks);
}

/** As if every score were pass or fail: the mean above one half that has this spread. */
function qualityOf({ effect }: MetricEvidence, parts: readonly Part[], alpha: number): number | undefined {
  const [low, high] = effect.interval;
  if (low === null || high === null) return undefined;
  const blocks = sumOf(parts, () => 1);
  const perBlock = sumOf(parts, part => 1 / part.baseline + 1 / part.candidate) / blocks;
  // The interval of scores counts two made-up blocks half a point apart.
  const variance = spreadOfHalfWidth((high - low) / 2, parts, alpha) ** 2 - 0.5 / (blocks - 1) / perBlock;
  return 0.5 + Math.sqrt(Math.max(0, 0.25 - variance));
}

/** The baseline's rate with which the interval is as wide as it is. */
function errorRateOf({ effect }: MetricEvidence, parts: readonly Part[], alpha: number): number | undefined {
  const { value, interval } = effect;
  const [low, high] = interval;
  if (value === null || low === null || high === null) return undefined;
  const blocks = sumOf(parts, () => 1);
  const z = timeUniformZ(blocks, alpha);
  const n = blocks ** 2 / sumOf(parts, part => 1 / part.baseline);
  const m = blocks ** 2 / sumOf(parts, part => 1 / part.candidate);
  const widthAt = (p: number): number => {
    const [pLow, pHigh] = wilson(p, n, z);
    const [qLow, qHigh] = wilson(p + value, m, z);
    return Math.hypot(p + value - qLow, pHigh - p) + Math.hypot(qHigh - p - value, p - pLow);
  };
  let [from, to] = [Math.max(0, -value), Math.min(0.5, 1 - value)];
  for (let i = 0; i < 50; i++) {
    const middle = (from + to) / 2;
    if (widthAt(middle) < high - low) from = middle;
    else to = middle;
  }
  return from;
}
