/**
 * The distributions of both arms as SVG, drawn without any script: quantiles side by side, and a histogram in shares so that
 * arms of different size can be laid over each other. Colours come from the page's style.
 */
import { figure } from '../../analysis/phrases.ts';
import { quantileOfSorted, wilsonInterval } from '../../stats/index.ts';
import { type Axis, axisOf } from './axis.ts';
import { isPassFail } from './format.ts';
import { bucketPlots } from './plot-buckets.ts';
import { ARMS, BOTTOM, caption, frame, HEIGHT, LEFT, level, RIGHT, round, spaced, TOP, WIDTH } from './plot-frame.ts';
import type { MetricReport } from './report.ts';

type Arms = [Float64Array, Float64Array];

/** SVG elements; none where an arm has no finite value. */
export function plotsOf(metric: MetricReport): string[] {
  if (metric.histograms) return bucketPlots(metric, metric.histograms);
  if (metric.values.some(arm => arm.length === 0)) return [];
  if (isPassFail(metric)) return [sharePlot(metric)];
  const arms = metric.values.map(values => Float64Array.from(values).sort()) as Arms;
  const finite = arms.map(values => values.filter(Number.isFinite)) as Arms;
  if (finite.some(values => values.length === 0)) return [];
  const unit = metric.unit ? `, ${metric.unit}` : '';
  const ends: [number, number] = [
    Math.min(finite[0][0]!, finite[1][0]!),
    Math.max(finite[0].at(-1)!, finite[1].at(-1)!),
  ];
  const axis = axisOf([], { mayBeLog: metric.effect.kind === 'ratio', outer: ends });
  return [quantilePlot(arms, axis, `${metric.name}${unit}`), histogram(finite, axis, `${metric.name}${unit}`)];
}

function quantilePlot(arms: Arms, axis: Axis, label: string): string {
  const x = (share: number) => LEFT + share * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM);
  const lines = arms.map((values, i) => {
    const steps = Math.min(200, Math.max(2, values.length));
    const points = Array.from({ length: steps }, (_, k) => {
      const share = k / (steps - 1);
      return `${round(x(share))},${round(y(quantileOfSorted(values, share)))}`;
    });
    return `<polyline class="line ${ARMS[i]}" points="${points.join(' ')}"/>`;
  });
  const below = [0, 0.25, 0.5, 0.75, 0.95].map(share => ({ at: x(share), text: `p${100 * share}` }));
  return frame(`Quantiles of ${label}`, [
    ...axis.ticks.map(tick => level(y(tick), figure(tick))),
    ...below.map(
      ({ at, text }) =>
        `<text class="tick" x="${round(at)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${text}</text>`,
    ),
    caption('quantile', `${label}${axis.isLog ? ' (log scale)' : ''}`),
    ...lines,
  ]);
}

function histogram(arms: Arms, axis: Axis, label: string): string {
  const count = Math.max(8, Math.min(36, Math.ceil(2.5 * Math.cbrt(Math.min(arms[0].length, arms[1].length)))));
  const shares = arms.map(values => {
    const bins = new Array<number>(count).fill(0);
    for (const value of values) bins[Math.min(count - 1, Math.floor(axis.place(value) * count))]! += 1 / values.length;
    return bins;
  });
  const top = Math.max(...shares.flat());
  const x = (place: number) => LEFT + place * (WIDTH - LEFT - RIGHT);
  const y = (share: number) => HEIGHT - BOTTOM - (share / top) * (HEIGHT - TOP - BOTTOM);
  const shapes = shares.map((bins, i) => {
    const steps = bins.map((share, k) => `V${round(y(share))}H${round(x((k + 1) / count))}`).join('');
    return `<path class="area ${ARMS[i]}" d="M${LEFT},${HEIGHT - BOTTOM}${steps}V${HEIGHT - BOTTOM}Z"/>`;
  });
  return frame(`Histogram of ${label}`, [
    ...axisOf([], { mayBeLog: false, outer: [0, top] }).ticks.map(tick => level(y(tick), `${figure(100 * tick)} %`)),
    ...spaced(axis.ticks, axis).map(
      tick =>
        `<text class="tick" x="${round(x(axis.place(tick)))}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${figure(tick)}</text>`,
    ),
    caption(`${label}${axis.isLog ? ' (log scale)' : ''}`, 'share of values'),
    ...shapes,
  ]);
}

/** Yes or no has no distribution to draw: the share of yes, with its 95 % interval. */
function sharePlot(metric: MetricReport): string {
  const x = (share: number) => LEFT + 20 + share * (WIDTH - LEFT - RIGHT - 36);
  const rows = metric.values.map((values, i) => {
    const events = values.reduce((sum, value) => sum + value, 0);
    const [low, high] = wilsonInterval({ events, trials: values.length });
    const y = TOP + 38 + i * 74;
    return [
      `<text class="tick" x="${LEFT + 12}" y="${y + 26}" text-anchor="end">${ARMS[i]}</text>`,
      `<rect class="area ${ARMS[i]}" x="${x(0)}" y="${y}" width="${round(Math.max(1, x(events / values.length) - x(0)))}" height="44"/>`,
      `<path class="line ink" d="M${round(x(low))},${y + 22}H${round(x(high))}M${round(x(low))},${y + 14}v16M${round(x(high))},${y + 14}v16"/>`,
    ].join('');
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    share =>
      `<line class="grid" x1="${x(share)}" x2="${x(share)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text class="tick" x="${x(share)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${100 * share} %</text>`,
  );
  return frame(`Share of ${metric.name}`, [
    ...ticks,
    ...rows,
    caption(`share of yes, ${metric.name}, with its 95 % interval`, ''),
  ]);
}
