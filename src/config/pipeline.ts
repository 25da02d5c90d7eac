/**
 * `kind: Pipeline`: what to release, how to test it, what counts as worse, how traffic moves, when to take it back. The one
 * source of its fields and defaults; the JSON Schema and the reference are generated from here. Rules that span several
 * fields are in pipeline-rules.ts.
 */
import { z } from 'zod';
import {
  API_VERSION,
  Duration,
  NonEmpty,
  Percent,
  PercentUpTo100,
  PipelineMetadata,
  PositiveDuration,
  rule,
} from './fields.ts';
import { HealthCheck, KubernetesTarget, Metrics } from './kubernetes-target.ts';

const Require = z.enum(['noHarm', 'nonInferior']);
const OnInconclusive = z.enum(['hold', 'rollback', 'advance']);
const OnTimeout = z.enum(['rollback', 'hold', 'advance']);

const Target = z
  .strictObject({
    prompt: z
      .strictObject({ file: NonEmpty.describe('The Prompt document, relative to the folder of the pipeline.') })
      .optional()
      .describe('Releases a prompt: apps resolve it from the registry. This, or `kubernetes`.'),
    kubernetes: KubernetesTarget.optional(),
  })
  .describe('What is released: a prompt or a workload.');

const Files = z
  .strictObject({
    configMap: NonEmpty.describe('Each of its keys is a file that the pipeline may name.'),
  })
  .describe('In a cluster: where the named prompts and suites are. Without one they are files beside the pipeline.');

const Test = z
  .strictObject({
    suites: z
      .array(NonEmpty)
      .default([])
      .describe('Suite documents and promptfoo configs, relative to the folder of the pipeline.'),
    workers: z.int().min(1).max(1000).default(8).describe('Cases that run at the same time, 1 to 1000.'),
    timeout: PositiveDuration.default('30s').describe('Longest time for one attempt at one case.'),
    suiteTimeout: PositiveDuration.default('10m').describe(
      'Longest time for a whole suite; what is not done by then was not run.',
    ),
    passRate: z
      .number({ error: rule('a number from 0 to 1, such as 0.95') })
      .min(0)
      .max(1)
      .default(1)
      .describe('Share of the cases that must pass, 0 to 1.'),
    repeat: z.int().min(1).max(1000).default(1).describe('How often each case runs, 1 to 1000.'),
    retries: z
      .int()
      .min(0)
      .max(100)
      .default(3)
      .describe('Further attempts when a call fails for a passing reason, 0 to 100.'),
  })
  .prefault({})
  .describe('PromptTestRunner: the tests before any exposure.');

const MetricName = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,62}$/, {
  error: rule('a metric name: a letter, then letters, digits, "_", "." or "-", at most 63 characters'),
});
const Metric = z.strictObject({
  name: MetricName.describe('`latency`, `quality`, `cost`, `tokens`, `errors`, or a metric that graders name.'),
  unit: z.string().max(32).optional().describe('Shown in reports, for example `ms`.'),
  direction: z.enum(['lowerIsBetter', 'higherIsBetter']).describe('Which way is better.'),
  minEffect: Percent.describe('Smallest change that matters, a percentage; smaller ones are never a regression.'),
  weight: z
    .number()
    .gt(0)
    .max(1_000_000)
    .optional()
    .describe('Share of alpha that this metric may spend, relative to the others.'),
  required: z
    .boolean()
    .default(true)
    .describe('Without `minSamples` outcomes of a required metric the verdict is inconclusive.'),
});

/** What is watched when a pipeline names no metrics. Quality is not required: many apps cannot report it. */
const DEFAULT_METRICS: z.input<typeof Metric>[] = [
  { name: 'latency', unit: 'ms', direction: 'lowerIsBetter', minEffect: '5%', required: true },
  { name: 'quality', direction: 'higherIsBetter', minEffect: '2%', required: false },
];

const Regression = z
  .strictObject({
    alpha: z
      .number()
      .gt(0)
      .max(0.5)
      .default(0.05)
      .describe('Chance of calling an unchanged release worse, above 0 and at most 0.5.'),
    onInconclusive: z
      .enum(['proceed', 'fail'])
      .default('proceed')
      .describe('What an inconclusive comparison before exposure does.'),
    metrics: z
      .array(Metric)
      .min(1)
      .max(32)
      .prefault(DEFAULT_METRICS)
      .describe('What is compared, 1 to 32 metrics with different names.'),
  })
  .prefault({})
  .describe('PerformanceRegressionDetector: when the candidate counts as worse.');

const Approval = z
  .strictObject({
    timeout: PositiveDuration.default('24h').describe('How long is waited for a person.'),
    onTimeout: z.enum(['hold', 'rollback', 'advance']).default('hold').describe('What happens when nobody has come.'),
  })
  .describe('A stage that has passed is left only when a person approves.');

const StageDefaults = z
  .strictObject({
    hold: Duration.default('1m').describe('Shortest stay in a stage.'),
    timeout: PositiveDuration.default('5m').describe('Longest stay in a stage; not shorter than `hold`.'),
    minSamples: z
      .int()
      .min(1)
      .default(50)
      .describe('Candidate outcomes of every required metric that a stage must have seen.'),
    require: Require.default('noHarm').describe(
      '`noHarm`: no sign of harm in this much data. `nonInferior`: harm beyond the margin is ruled out.',
    ),
    onInconclusive: OnInconclusive.default('hold').describe('At the time-out with too little data or a silent source.'),
    onTimeout: OnTimeout.default('rollback').describe('At the time-out for any other reason.'),
    approval: Approval.optional(),
  })
  .prefault({})
  .describe('Defaults of every stage.');

const Stage = z.strictObject({
  weight: z.int().min(1).max(100).describe('Share of traffic that the candidate gets, whole percent, 1 to 100.'),
  hold: Duration.optional().describe('Shortest stay in this stage.'),
  timeout: PositiveDuration.optional().describe('Longest stay in this stage; not shorter than `hold`.'),
  minSamples: z.int().min(1).optional().describe('Candidate outcomes of every required metric that are needed.'),
  require: Require.optional().describe('What a pass means here.'),
  onInconclusive: OnInconclusive.optional().describe('At the time-out with too little data or a silent source.'),
  onTimeout: OnTimeout.optional().describe('At the time-out for any other reason.'),
  approval: Approval.optional(),
});

const wholePercent = rule('a whole percentage from 0% to 99%');
const bakeRule = rule('a duration such as 5m, or a mapping { for: 5m, holdback: 5% }');
const Bake = z.union(
  [
    Duration,
    z.strictObject({
      for: Duration.default('5m').describe('How long the baseline stays warm at the end.'),
      holdback: z
        .string({ error: wholePercent })
        .regex(/^\d{1,2}%$/, { error: wholePercent })
        .default('0%')
        .describe('Share kept on the baseline, whole percent, so that the comparison goes on.'),
    }),
  ],
  { error: bakeRule },
);

const Rollout = z
  .strictObject({
    stages: z
      .array(Stage)
      .min(1)
      .max(100)
      .prefault([{ weight: 10 }, { weight: 25 }, { weight: 50 }, { weight: 100 }])
      .describe('The steps in order: weights rise strictly, the last is 100.'),
    stage: StageDefaults,
    bake: Bake.default('5m').describe('Time at full weight with the baseline still warm, before it is let go.'),
  })
  .prefault({})
  .describe('GradualRolloutManager: how traffic moves.');

const Triggers = z
  .strictObject({
    performance: z.boolean().default(true).describe('Roll back when a metric is worse.'),
    errorRate: z
      .union(
        [
          z.strictObject({ max: PercentUpTo100.default('5%').describe('Highest error rate of the candidate.') }),
          z.literal(false),
        ],
        { error: rule('a mapping { max: 5% }, or false') },
      )
      .prefault({})
      .describe('Roll back when the candidate surely fails more often than `max`; `false` switches it off.'),
    timeout: z.boolean().default(true).describe('Roll back at the time-out of a stage when its policy says so.'),
  })
  .prefault({})
  .describe('What takes the candidate back without being asked.');

const Rollback = z
  .strictObject({
    sla: PositiveDuration.default('15s').describe('From the decision to verified traffic; an alarm beyond it.'),
    healthCheck: HealthCheck.optional(),
    triggers: Triggers,
  })
  .prefault({})
  .describe('RollbackController: when to take the candidate back.');

export const Pipeline = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The version of the document format.'),
    kind: z.literal('Pipeline').describe('The kind of the document.'),
    metadata: PipelineMetadata,
    spec: z
      .strictObject({
        files: Files.optional(),
        target: Target,
        test: Test,
        metrics: Metrics.optional(),
        regression: Regression,
        rollout: Rollout,
        rollback: Rollback,
      })
      .describe('What is wanted.'),
  })
  .describe('How one artifact is tested, compared, rolled out and rolled back.');

/** As written, defaults filled in; durations and percentages still as text. */
export type PipelineDocument = z.output<typeof Pipeline>;
