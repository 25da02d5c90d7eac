/** plan: what a pipeline will find, how soon, and where it is too thin to see, before anyone is exposed. Reads; changes nothing. */
import { dirname, isAbsolute, join } from 'node:path';
import { liveMetrics } from '../../analysis/live-plan.ts';
import { loadDocument, planOf } from '../../config/load.ts';
import type { Plan } from '../../config/plan.ts';
import { asSpillwayError, SpillwayError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { planDocument } from '../plan/document.ts';
import { type PlanOptions, planWishesOf } from '../plan/flags.ts';
import { forecastOf } from '../plan/forecast.ts';
import { exposedReleases } from '../plan/last-release.ts';
import { type Measured, measuredIn } from '../plan/measured.ts';
import { planText } from '../plan/report.ts';
import { forecastSettings } from '../plan/settings.ts';
import { warningsOf } from '../plan/warnings.ts';

const RUNS = 1500;

/** @returns 0; 1 with `--strict` when there are warnings */
export async function plan(file: string, options: PlanOptions, context: CommandContext): Promise<number> {
  const { out, signal } = context;
  const planned = pipelineAt(file);
  const { tracked } = liveMetrics({ ...planned.regression, errorRateMax: null });
  const wishes = planWishesOf(
    options,
    tracked.map(({ name }) => name),
  );
  const measured = await lastMeasured(file, planned, wishes.perSecond !== undefined, context);
  const settings = forecastSettings(planned, wishes, measured);
  const { runs = RUNS, seed = 1 } = options;
  const onProgress = (done: number) => out.isLive && out.draw([`simulating: ${Math.round(100 * done)} %`]);
  const forecast = await forecastOf(settings, { runs, seed, signal, onProgress });
  const warnings = warningsOf(forecast, seed);
  if (out.isLive) out.draw([]);
  out.print(planText(forecast, warnings, out));
  out.printJson(planDocument(forecast, warnings, { runs, seed }));
  return options.strict && warnings.length > 0 ? 1 : 0;
}

/** The pipeline alone: the suites that it names need not exist yet. @throws SpillwayError */
function pipelineAt(file: string): Plan {
  const loaded = loadDocument(file);
  if (loaded.kind === 'Pipeline') return planOf(loaded.document);
  throw new SpillwayError('USAGE', `${file} is a ${loaded.kind}; plan forecasts a Pipeline.`);
}

/** Without a rate it has to be measured; with one, whatever stands in the way of measuring is only noted. */
async function lastMeasured(
  file: string,
  planned: Plan,
  isRateKnown: boolean,
  context: CommandContext,
): Promise<Measured | null> {
  try {
    if (!('prompt' in planned.target)) return null;
    const { file: prompt } = planned.target.prompt;
    const loaded = loadDocument(isAbsolute(prompt) ? prompt : join(dirname(file), prompt));
    if (loaded.kind !== 'Prompt') throw new SpillwayError('USAGE', `${prompt} is a ${loaded.kind}, not a Prompt.`);
    for (const release of await exposedReleases(loaded.prompt.name, context, context.actor)) {
      const measured = measuredIn(release, planned.regression.alpha);
      if (measured) return measured;
    }
    return null;
  } catch (error) {
    if (!isRateKnown) throw error;
    context.out.note(`Nothing is taken from an earlier release: ${asSpillwayError(error).message}`);
    return null;
  }
}
