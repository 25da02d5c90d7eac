/**
 * The same cases on both arms: the case is the unit, and what differs between cases cancels. Pass or fail: McNemar's
 * exact test on the cases that changed. Everything else: a sign-flip permutation on the mean change beyond the margin.
 */
import {
  kolmogorovSmirnov,
  mannWhitney,
  mcNemar,
  pairedT,
  prepareSample,
  type SignFlipResult,
  signFlip,
  welchT,
} from '../stats/battery.ts';
import { normalQuantile } from '../stats/special.ts';
import type { CleanSamples } from './batch-data.ts';
import { wilson } from './block-effect.ts';
import { type Comparison, type ComparisonOptions, effectOf, harmOf, numbersOf, withinReach } from './comparison.ts';

export function comparePaired(
  pairs: NonNullable<CleanSamples['pairs']>,
  scale: CleanSamples['scale'],
  options: ComparisonOptions,
  random: () => number,
): Comparison {
  const { baseline, candidate } = pairs;
  const isPassFail = scale === 'difference' && [...baseline, ...candidate].every(value => value === 0 || value === 1);
  const found = isPassFail
    ? comparePasses(baseline, candidate, options)
    : compareChanges(changesOf(baseline, candidate, scale, options), scale, options, random);
  const [x, y] = [prepareSample(baseline), prepareSample(candidate)];
  // Two time-outs of one case have no difference.
  const finite = [...baseline.keys()].filter(i => Number.isFinite(baseline[i]! - candidate[i]!));
  return {
    ...found,
    n: { baseline: baseline.length, candidate: candidate.length },
    effect: effectOf(scale, options.worse === 'higher', found.harm),
    leastP: 0.5 ** baseline.length,
    allTied: baseline.every((value, i) => value === candidate[i]),
    tests: {
      ...found.tests,
      pairedT: numbersOf(
        pairedT(
          finite.map(i => candidate[i]!),
          finite.map(i => baseline[i]!),
        ),
      ),
      welch: numbersOf(welchT(y, x)),
      mannWhitney: numbersOf(mannWhitney(y, x)),
      kolmogorovSmirnov: numbersOf(kolmogorovSmirnov(y, x)),
    },
  };
}

type Found = Pick<Comparison, 'harm' | 'p' | 'primary' | 'opinions' | 'tests'>;

/** Harm by case: points, or the logarithm of the ratio. Both alike is no harm, also where both timed out. */
function changesOf(
  baseline: readonly number[],
  candidate: readonly number[],
  scale: CleanSamples['scale'],
  { worse }: ComparisonOptions,
): number[] {
  const sign = worse === 'higher' ? 1 : -1;
  const onScale = scale === 'ratio' ? withinReach([...baseline, ...candidate]) : (value: number) => value;
  return baseline.map((before, i) => {
    const after = candidate[i]!;
    return before === after ? 0 : sign * (onScale(after) - onScale(before));
  });
}

function compareChanges(
  changes: readonly number[],
  scale: CleanSamples['scale'],
  { minEffect, alpha }: ComparisonOptions,
  random: () => number,
): Found {
  const margin = scale === 'ratio' ? Math.log1p(minEffect) : minEffect;
  const beyond = changes.map(change => change - margin);
  const flipped: SignFlipResult = signFlip(beyond, { alternative: 'greater', random });
  const zeros = new Float64Array(changes.length);
  const t = pairedT(beyond, zeros, { alternative: 'greater' });
  const { meanDifference, ci } = pairedT(changes, zeros, { confidence: 1 - alpha });
  const opinions = [{ p: flipped.p, weight: 0.7 }];
  if (t.status === 'ok') opinions.push({ p: t.p, weight: 0.3 });
  return {
    harm: { value: meanDifference, low: ci[0], high: ci[1], margin },
    p: flipped.p,
    primary: 'signFlip',
    opinions,
    tests: { signFlip: { ...numbersOf(flipped), alternative: 'greater', margin } },
  };
}

function comparePasses(baseline: readonly number[], candidate: readonly number[], options: ComparisonOptions): Found {
  const table = { both: 0, lost: 0, gained: 0, neither: 0 };
  for (const [i, before] of baseline.entries()) {
    const after = candidate[i]!;
    if (before === after) table[before === 1 ? 'both' : 'neither']++;
    else table[before === 1 ? 'lost' : 'gained']++;
  }
  const [worsened, improved] = options.worse === 'lower' ? [table.lost, table.gained] : [table.gained, table.lost];
  const exact = mcNemar(worsened, improved, { alternative: 'greater' });
  const { difference, interval } = pairedRateDifference(table, normalQuantile(options.alpha / 2));
  return {
    harm: harmOf(difference, interval, options),
    p: exact.p,
    primary: 'mcNemar',
    opinions: [{ p: exact.p, weight: 1 }],
    tests: {
      mcNemar: { ...numbersOf(exact), worsened, improved, alternative: 'greater' },
      mcNemarTwoSided: numbersOf(mcNemar(worsened, improved)),
    },
  };
}

/**
 * Newcombe's interval for the difference of two rates on the same cases (1998, Statist. Med. 17:2635–2650, method 10):
 * Wilson's intervals of both rates, narrowed by their correlation. candidate − baseline, in points of 1.
 */
function pairedRateDifference(
  table: { both: number; lost: number; gained: number; neither: number },
  z: number,
): { difference: number; interval: [low: number, high: number] } {
  const { both: a, lost: b, gained: c, neither: d } = table;
  const n = a + b + c + d;
  const [before, after] = [(a + b) / n, (a + c) / n];
  const [beforeLow, beforeHigh] = wilson(before, n, z);
  const [afterLow, afterHigh] = wilson(after, n, z);
  const spread = Math.sqrt((a + b) * (c + d) * (a + c) * (b + d));
  const cross = a * d - b * c;
  const corrected = cross > n / 2 ? cross - n / 2 : Math.min(cross, 0);
  const phi = spread === 0 ? 0 : corrected / spread;
  const reach = (down: number, up: number) => Math.sqrt(Math.max(0, down ** 2 - 2 * phi * down * up + up ** 2));
  const difference = after - before;
  return {
    difference,
    interval: [
      difference - reach(after - afterLow, beforeHigh - before),
      difference + reach(afterHigh - after, before - beforeLow),
    ],
  };
}
