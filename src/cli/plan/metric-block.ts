/** The block of one metric in the text of a forecast: a row a stage, a row for the rollout, and where it would be found as a bar. Pure. */
import type { Terminal } from '../terminal.ts';
import type { MetricForecast, RolloutForecast, StageForecast } from './forecast.ts';
import type { MetricSettings } from './settings.ts';
import { table } from './table.ts';
import { clockText, countText, pairText, shareText, sizeText, wrapped } from './words.ts';

const BARS = ' ▁▂▃▄▅▆▇█';
/** Fills of the stages in turn, in the bar of a rollout. */
const FILLS = '█▓▒';
const BAR_CELLS = 40;
/** Columns from which a table has room for all its bars. */
const WIDE = 96;

/** @param labels of the stages that a rollout compares in */
export function metricBlock(
  { settings, stages, rollout }: MetricForecast,
  labels: readonly string[],
  { paint, width }: Pick<Terminal, 'paint' | 'width'>,
): string[] {
  const { name } = settings.simulated.metric;
  const effect = sizeText(settings, settings.effect.size);
  const rows = stages.map(stage => [
    stage.stage.label,
    smallestText(settings, stage.smallest),
    ...delayTexts(stage.delay),
    `${shareText(stage.foundInTimeout).padEnd(5)} ${sparkline(stage.foundBy, width)}`,
  ]);
  if (rollout) {
    const { smallest, delay, taken } = rollout;
    rows.push(['rollout', smallestText(settings, smallest), ...delayTexts(delay), shareText(taken)]);
  }
  return [
    `${paint.bold(name)}  found with 95 % by the time-out; delay of ${effect} (median / 95 %)`,
    ...table([['stage', 'finds', 'units', 'requests', 'min:s', 'by the time-out'], ...rows], [2, 3, 4]),
    ...(rollout ? barLines(rollout, labels, width) : []),
  ];
}

function smallestText(settings: MetricSettings, smallest: number | null): string {
  return smallest === null ? 'nothing' : sizeText(settings, smallest);
}

function delayTexts({ candidates, requests, ms }: StageForecast['delay']): string[] {
  return [pairText(candidates, countText), pairText(requests, countText), pairText(ms, clockText)];
}

/** The share found along the time-out; half as many bars where there is little room. */
function sparkline(shares: readonly number[], width: number): string {
  const shown = width < WIDE ? shares.filter((_, i) => i % 2 === 1) : shares;
  return shown.map(share => BARS[Math.round(share * (BARS.length - 1))]).join('');
}

/** `███████▓▓▓▒····  71 % at 10 %, 28 % at 25 %, …` */
function barLines({ foundIn, missed, heldUp }: RolloutForecast, labels: readonly string[], width: number): string[] {
  let cells = '';
  let sum = 0;
  for (const [i, share] of foundIn.entries()) {
    sum += share;
    cells += FILLS[i % FILLS.length]!.repeat(Math.max(0, Math.round(sum * BAR_CELLS) - cells.length));
  }
  const parts = foundIn.flatMap((share, i) => (share >= 0.005 ? [`${shareText(share)} at ${labels[i]}`] : []));
  if (heldUp >= 0.005) parts.push(`${shareText(heldUp)} held up`);
  if (missed >= 0.005) parts.push(`${shareText(missed)} get through`);
  return wrapped(`  ${cells.padEnd(BAR_CELLS, '·')}  ${parts.join(', ')}`, width, ' '.repeat(BAR_CELLS + 4));
}
