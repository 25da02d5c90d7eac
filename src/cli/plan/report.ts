/** A forecast as text for people, for 80 columns and more: assumptions, stages, metrics, 100 %, false alarms, warnings. Pure. */
import { figure, percent } from '../../analysis/phrases.ts';
import { duration } from '../release-view.ts';
import type { Terminal } from '../terminal.ts';
import type { Forecast } from './forecast.ts';
import { metricBlock } from './metric-block.ts';
import { MOST_UNITS, MOST_UNITS_IN_ROLLOUT } from './planned-stage.ts';
import type { MetricSettings, Origin } from './settings.ts';
import { table } from './table.ts';
import type { PlanWarning } from './warnings.ts';
import { countText, sizeText, wrapped } from './words.ts';

type Screen = Pick<Terminal, 'paint' | 'width'>;

/** @param screen tables take the columns that they need, sentences those that there are */
export function planText(forecast: Forecast, warnings: readonly PlanWarning[], screen: Screen): string {
  const { settings, stages, metrics } = forecast;
  const labels = stages.filter(({ isBake }) => !isBake).map(({ label }) => label);
  const paragraph = (text: string) => wrapped(text, screen.width);
  return [
    `${screen.paint.bold(settings.plan.name)}  ${settings.plan.rollout.stages.map(({ weight }) => weight).join(' → ')} %`,
    ...assumptions(forecast),
    '',
    ...stageTable(forecast),
    ...metrics.flatMap(metric => ['', ...metricBlock(metric, labels, screen)]),
    '',
    ...paragraph(atFullWeight(forecast)),
    '',
    ...paragraph(falseAlarms(forecast)),
    ...notes(forecast).flatMap(note => ['', ...paragraph(note)]),
    ...warnings.flatMap(warning => ['', ...warningLines(warning, screen)]),
  ].join('\n');
}

function assumptions({ settings }: Forecast): string[] {
  const { arrivals, rateFrom, measured, metrics } = settings;
  const from: Record<Origin, string> = {
    flag: 'as given',
    assumed: 'assumed',
    measured: `measured in the release of ${measured?.at.slice(0, 16).replace('T', ' ') ?? ''}`,
  };
  const { perSecond, users } = arrivals;
  const whose = users === null ? ', each a new unit' : ` by ${countText(users)} users who come back`;
  const what = rateFrom === 'measured' ? 'new units a second' : `requests a second${whose}`;
  const rows = [
    ['traffic', `${figure(perSecond)} ${what}`, from[rateFrom]],
    ...metrics.map(metric => [metric.simulated.metric.name, baselineText(metric), from[metric.known.from]]),
  ];
  return table(rows.map(([name = '', said = '', origin = '']) => [name, said, `(${origin})`]));
}

function baselineText({ simulated, known }: MetricSettings): string {
  const { source } = simulated.metric;
  if (source === 'error') return `${percent(known.value)} of requests fail`;
  if (source === 'quality') return `mean ${figure(known.value)}, pass or fail`;
  return `spread ${figure(known.value)} (sd of the logarithm)`;
}

function stageTable({ stages }: Forecast): string[] {
  const rows = stages.map(({ label, plan, candidates }) => [
    label,
    duration(plan.holdMs),
    countText(candidates.hold),
    duration(plan.timeoutMs),
    countText(candidates.timeout),
    String(plan.minSamples),
  ]);
  return table([['stage', 'hold', 'units', 'time-out', 'units', 'minSamples'], ...rows], [2, 4, 5]);
}

function atFullWeight({ atFull, settings, stages }: Forecast): string {
  const bake = stages.find(({ isBake }) => isBake);
  const { errorRateMax } = settings.plan.rollback.triggers;
  const found =
    atFull && (atFull.smallest === null ? 'nothing' : `errors ${sizeText(settings.metrics[0]!, atFull.smallest)}`);
  return [
    'At 100 % there is no baseline to compare with, and the evidence is frozen.',
    errorRateMax === null || !atFull
      ? 'Only people can take the candidate back there: the limit of the error rate is off.'
      : `The limit of the error rate, ${percent(errorRateMax)}, goes on (in ${duration(atFull.ms)} it finds ${found} with 95 %), and people can roll back.`,
    bake ? `In the bake ${100 - bake.plan.weight} % stay on the baseline, so that the comparison goes on.` : '',
  ]
    .filter(Boolean)
    .join(' ');
}

function falseAlarms({ settings, metrics }: Forecast): string {
  const quiet = metrics.flatMap(({ rollout }) => (rollout ? [rollout.unchanged] : []));
  const { runs = 0 } = quiet[0] ?? {};
  // Metrics are simulated one by one; that any of them alarms is at most the sum.
  const alarms = quiet.reduce((sum, { calledWorse }) => sum + calledWorse, 0);
  const bound = `False alarms: the comparison calls an unchanged candidate worse in at most ${percent(settings.plan.regression.alpha)} of releases, over all metrics and however often one looks.`;
  const seen = `With this traffic ${alarms} of ${runs} simulated unchanged candidates were taken back.`;
  return runs > 0 ? `${bound} ${seen}` : bound;
}

function notes({ settings, isCapped }: Forecast): string[] {
  const { unmeasurable, plan } = settings;
  const found: string[] = [];
  if (unmeasurable.length > 0) found.push(`Not measured live, so not forecast: ${unmeasurable.join(', ')}.`);
  if (!plan.rollback.triggers.performance)
    found.push('triggers.performance is off: what a comparison finds stops the rollout and takes nothing back.');
  if (isCapped)
    found.push(
      `More units come than are simulated (${countText(MOST_UNITS)} in a stage, ${countText(MOST_UNITS_IN_ROLLOUT)} in each stage of a rollout): what is found there is at least this.`,
    );
  return found;
}

function warningLines({ message, fix }: PlanWarning, { paint, width }: Screen): string[] {
  const [first = '', ...rest] = wrapped(`warning  ${message}`, width, '  ');
  const [way = '', ...further] = wrapped(`  → ${fix}`, width, '    ');
  return [first.replace('warning', paint.yellow('warning')), ...rest, way, ...further];
}
