/**
 * What Spillway writes into the status of its custom resources. A projection of the store for people and for `kubectl wait`,
 * never the source of anything. Loose on purpose: no enumerations and no bounds, because a definition that is older than
 * the controller must not refuse what it says.
 */
import { z } from 'zod';

const Time = z.string().meta({ format: 'date-time' });
const Text = z.string();

const VersionRef = z.strictObject({
  digest: Text.describe('sha256:<hex> of the template, or of the named version of an external workload.'),
  name: Text.describe('Its first 10 hex digits, as in the names of the objects that run it.'),
});

const VerdictSummary = z.strictObject({
  kind: Text.describe('`pass`, `fail` or `inconclusive`.'),
  reason: Text.describe('Why, in one sentence.'),
});

const Hold = z.strictObject({
  reason: Text.describe('What is waited for: `paused`, `candidateNotReady`, `sourceSilent`, …'),
  since: Time.describe('Since when.'),
});

const Condition = z.strictObject({
  type: Text.describe('`Ready`, `Progressing` or `Degraded`.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it is so.'),
  observedGeneration: z.int().optional().describe('The generation of the resource that it is said of.'),
  lastTransitionTime: Time.describe('When `status` last changed.'),
  reason: Text.describe('One word in CamelCase.'),
  message: Text.describe('For people.'),
});

const observed = {
  observedGeneration: z.int().optional().describe('The generation of the resource that this is about.'),
  conditions: z.array(Condition).optional().describe('Each type once.'),
};

export const PipelineStatus = z
  .strictObject({
    ...observed,
    phase: Text.optional().describe('Of the release that runs, or of the last one; `idle` before the first.'),
    release: Text.optional().describe('Id of that release.'),
    stage: Text.optional().describe('The present stage and their number, for example `2/4`.'),
    weight: z.int().optional().describe('Share of traffic that the candidate gets, percent.'),
    baseline: VersionRef.optional().describe('What serves.'),
    candidate: VersionRef.optional().describe('What is tried, or was last.'),
    verdict: VerdictSummary.optional().describe('The newest verdict.'),
    hold: Hold.optional().describe('Why the release does not move.'),
    gate: Text.optional().describe(
      'Who holds a changed template: `policy` (the API server), or `paused` (it stays paused).',
    ),
    lastCommand: z
      .strictObject({
        command: Text.describe('As it stood in the annotation `spillway.dev/command`.'),
        actor: Text.describe('Who set it.'),
        at: Time.describe('When it was carried out or refused.'),
        result: Text.describe('What came of it.'),
      })
      .optional()
      .describe('The last command by annotation.'),
  })
  .describe('What is so; written by Spillway.');

export const ReleaseSpec = z
  .strictObject({
    pipeline: Text.describe('Name of the pipeline in the same namespace.'),
    version: Text.describe('Digest of the candidate.'),
    baseline: Text.optional().describe('Digest of what served when it began; absent for the first version.'),
  })
  .describe('Which attempt this is; never changes.');

const Clocks = z.strictObject({
  decisionToWriteMs: z.number().describe('From the decision until the API server had the weight.'),
  writeToAcceptedMs: z.number().optional().describe('Until every gateway had taken it up.'),
  writeToVerifiedMs: z.number().optional().describe('Until the data plane was seen to obey.'),
  reverseRollMs: z.number().optional().describe('Until the Deployment ran the old version again.'),
});

export const ReleaseStatus = z
  .strictObject({
    ...observed,
    phase: Text.optional().describe('Where it stands, or how it ended.'),
    weight: z.int().optional().describe('Share of traffic that the candidate gets, percent.'),
    stage: Text.optional().describe('The present stage and their number, for example `2/4`.'),
    baseline: VersionRef.optional().describe('What served.'),
    candidate: VersionRef.optional().describe('What is tried.'),
    stages: z
      .array(
        z.strictObject({
          weight: z.int().describe('Percent.'),
          enteredAt: Time.optional().describe('Absent before it.'),
          leftAt: Time.optional().describe('Absent while in it.'),
          verdict: VerdictSummary.optional().describe('On which it was left.'),
        }),
      )
      .optional()
      .describe('In order.'),
    verdict: VerdictSummary.optional().describe('The newest one.'),
    hold: Hold.optional().describe('Why it does not move.'),
    rollback: z
      .strictObject({
        trigger: Text.describe('`performance`, `errorRate`, `healthCheck`, `timeout` or `manual`.'),
        reason: Text.describe('In one sentence.'),
        at: Time.describe('Of the decision.'),
        clocks: Clocks.optional().describe('How long it took.'),
        withinSla: z.boolean().optional().describe('Whether that was within `rollback.sla`.'),
      })
      .optional()
      .describe('How it was taken back.'),
    failure: Text.optional().describe('Why it ended, when it did not succeed.'),
    startedAt: Time.optional().describe('When it was created in the store.'),
    endedAt: Time.optional().describe('Absent while it runs.'),
  })
  .describe('What is so; written by Spillway.');

export type PipelineStatus = z.output<typeof PipelineStatus>;
export type ReleaseSpec = z.output<typeof ReleaseSpec>;
export type ReleaseStatus = z.output<typeof ReleaseStatus>;
export type Condition = z.output<typeof Condition>;
