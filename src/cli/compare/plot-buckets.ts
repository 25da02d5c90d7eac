/**
 * The distributions of two histograms as SVG: the quantiles as boxes, one a bucket, because where in it a value lies is not
 * known, and the shares by bucket. Nothing is drawn between the bounds that was not counted.
 */
import { figure } from '../../analysis/phrases.ts';
import type { BinnedSample } from '../../stats/index.ts';
import { type Axis, axisOf } from './axis.ts';
import { ARMS, BOTTOM, caption, frame, HEIGHT, LEFT, level, RIGHT, round, spaced, TOP, WIDTH } from './plot-frame.ts';
import type { MetricReport } from './report.ts';

/** A bucket as it is drawn; open ones end as far out as their neighbour is wide. */
interface Bucket {
  low: number;
  high: number;
  shares: readonly [baseline: number, candidate: number];
}

/** Both in the same buckets. None where an arm has no value. */
export function bucketPlots(metric: MetricReport, histograms: [BinnedSample, BinnedSample]): string[] {
  if (histograms.some(({ length }) => length === 0)) return [];
  const isRatio = metric.effect.kind === 'ratio';
  const buckets = populated(histograms, isRatio);
  const outer: [number, number] = [buckets[0]!.low, buckets.at(-1)!.high];
  const axis = axisOf([], { mayBeLog: isRatio, outer });
  const label = `${metric.name}${metric.unit ? `, ${metric.unit}` : ''}`;
  return [quantileBoxes(buckets, axis, label), shareBars(buckets, axis, label)];
}

/** From the first to the last bucket that holds a value. */
function populated([x, y]: [BinnedSample, BinnedSample], isRatio: boolean): Bucket[] {
  const { bounds } = x;
  const [first, last] = [bounds[0]!, bounds.at(-1)!];
  const before = isRatio ? Math.max(0, first / 2) : first - (bounds[1] ?? first + 1) + first;
  const after = isRatio && last > 0 ? 2 * last : last + (last - (bounds.at(-2) ?? last - 1));
  const all = Array.from(
    x.counts,
    (count, i): Bucket => ({
      low: bounds[i - 1] ?? Math.min(first, before),
      high: bounds[i] ?? after,
      shares: [count / x.length, y.counts[i]! / y.length],
    }),
  );
  const isEmpty = ({ shares }: Bucket) => shares.every(share => share === 0);
  const from = all.findIndex(bucket => !isEmpty(bucket));
  return all.slice(from, all.findLastIndex(bucket => !isEmpty(bucket)) + 1);
}

function quantileBoxes(buckets: readonly Bucket[], axis: Axis, label: string): string {
  const x = (share: number) => LEFT + share * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM);
  const shapes = ARMS.map((arm, i) => {
    let below = 0;
    const boxes = buckets.map(({ low, high, shares }) => {
      const from = below;
      below += shares[i]!;
      if (shares[i] === 0) return '';
      return `M${round(x(from))},${round(y(low))}H${round(x(Math.min(1, below)))}V${round(y(high))}H${round(x(from))}Z`;
    });
    return `<path class="area ${arm}" d="${boxes.join('')}"/>`;
  });
  const below = [0, 0.25, 0.5, 0.75, 0.95].map(
    share =>
      `<text class="tick" x="${round(x(share))}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">p${100 * share}</text>`,
  );
  return frame(`Quantiles of ${label}`, [
    ...axis.ticks.map(tick => level(y(tick), figure(tick))),
    ...below,
    caption('quantile', `${label}${axis.isLog ? ' (log scale)' : ''}`),
    ...shapes,
  ]);
}

function shareBars(buckets: readonly Bucket[], axis: Axis, label: string): string {
  const top = Math.max(...buckets.flatMap(({ shares }) => shares));
  const x = (value: number) => LEFT + axis.place(value) * (WIDTH - LEFT - RIGHT);
  const y = (share: number) => HEIGHT - BOTTOM - (share / top) * (HEIGHT - TOP - BOTTOM);
  const shapes = ARMS.map((arm, i) => {
    const steps = buckets.map(({ high, shares }) => `V${round(y(shares[i]!))}H${round(x(high))}`).join('');
    return `<path class="area ${arm}" d="M${round(x(buckets[0]!.low))},${HEIGHT - BOTTOM}${steps}V${HEIGHT - BOTTOM}Z"/>`;
  });
  return frame(`Histogram of ${label}`, [
    ...axisOf([], { mayBeLog: false, outer: [0, top] }).ticks.map(tick => level(y(tick), `${figure(100 * tick)} %`)),
    ...spaced(axis.ticks, axis).map(
      tick =>
        `<text class="tick" x="${round(x(tick))}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${figure(tick)}</text>`,
    ),
    caption(`${label}${axis.isLog ? ' (log scale)' : ''}`, 'share of values, by bucket'),
    ...shapes,
  ]);
}
