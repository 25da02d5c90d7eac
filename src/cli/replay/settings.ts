/** What the replay is judged by: the regression settings of a pipeline, or what a pipeline has when it says nothing. */
import type { EvidencePlan } from '../../analysis/live-plan.ts';
import { loadDocument, type PipelineDocument, parseDocument, planOf } from '../../config/load.ts';
import type { Plan } from '../../config/plan.ts';
import { SpillwayError } from '../../errors.ts';

export interface Settings {
  plan: EvidencePlan;
  /** Candidate units that a stage must have seen before it passes. */
  minSamples: number;
  /** Whether an alarm takes the candidate back by itself. */
  actsOnAlarm: boolean;
}

/** Only what a pipeline must say: all that a replay reads is left to the defaults. */
const BARE = `apiVersion: spillway.dev/v1alpha1
kind: Pipeline
metadata: { name: replay }
spec:
  target: { prompt: { file: prompt.yaml } }
  test: { suites: [suite.yaml] }
`;

/** Reads the pipeline alone, not the prompt and suites that it names. @throws SpillwayError */
export function settingsOf(pipeline: string | undefined): Settings {
  const { regression, rollout, rollback } = planFrom(pipeline);
  const { errorRateMax, performance } = rollback.triggers;
  return {
    plan: { alpha: regression.alpha, metrics: regression.metrics, errorRateMax },
    minSamples: rollout.stages[0]!.minSamples,
    actsOnAlarm: performance,
  };
}

function planFrom(pipeline: string | undefined): Plan {
  const loaded = pipeline === undefined ? parseDocument(BARE, 'defaults') : loadDocument(pipeline);
  if (loaded.kind === 'Pipeline') return planOf(loaded.document satisfies PipelineDocument);
  throw new SpillwayError('USAGE', `--pipeline must name a Pipeline; ${pipeline} is a ${loaded.kind}.`);
}
