/**
 * The wire: what requests may hold (strict: an unknown field is an error) and what answers look like. Readers of answers
 * ignore fields they do not know. A Release on the wire is the stored one without its plan and the engine's own counters.
 */
import { z } from 'zod';
import type { MetricEvidence, Verdict } from '../analysis/verdict.ts';
import { type Problem, SpillwayError } from '../errors.ts';
import { isExposed, type Release, type StageRecord, shareOf, stagePlanOf } from '../rollout/release.ts';
import type { AuditHead } from '../store/store.ts';

export type WireMetric = MetricEvidence & { interval: MetricEvidence['effect']['interval'] };
export type WireVerdict = Verdict & { metrics: WireMetric[] };
type Counters = 'epoch' | 'stageElapsedMs' | 'approvalElapsedMs' | 'withdrawnElapsedMs' | 'losses';
type Internal = Counters | 'plan' | 'verdict' | 'stages';
export type WireRelease = Omit<Release, Internal> & {
  verdict?: WireVerdict;
  stages: (Omit<StageRecord, 'verdict'> & { verdict?: WireVerdict })[];
  /** Of the present stage, while users may meet the candidate: time that counted, and what it is held against. */
  stageClock?: { elapsedMs: number; holdMs: number; timeoutMs: number };
};

export function toWire(release: Release): WireRelease {
  const {
    plan: _plan,
    epoch: _epoch,
    stageElapsedMs,
    approvalElapsedMs: _a,
    withdrawnElapsedMs: _w,
    ...rest
  } = release;
  const { losses: _losses, verdict, stages, ...wire } = rest;
  const { holdMs, timeoutMs } = stagePlanOf(release);
  return {
    ...wire,
    weight: shareOf(release),
    ...withVerdict(verdict),
    stages: stages.map(({ verdict: seen, ...stage }) => ({ ...stage, ...withVerdict(seen) })),
    ...(isExposed(release) ? { stageClock: { elapsedMs: stageElapsedMs, holdMs, timeoutMs } } : {}),
  };
}

function withVerdict(verdict: Verdict | undefined): { verdict?: WireVerdict } {
  if (!verdict) return {};
  return {
    verdict: { ...verdict, metrics: verdict.metrics.map(metric => ({ ...metric, interval: metric.effect.interval })) },
  };
}

export interface WireReleaseList {
  releases: WireRelease[];
  /** Cursor of the next page; null on the last. */
  next: string | null;
}

export interface WireVersion {
  version: string;
  spec: unknown;
  createdAt: string;
  createdBy: string;
  /** The release that rolled it back; it is not tried again without `force`. */
  heldBy: string | null;
}

export interface WirePipeline {
  name: string;
  artifact: string;
  document: unknown;
  digest: string;
  updatedAt: string;
}

export interface WireAuditHeads {
  heads: AuditHead[];
  /** One hash over the heads of all chains. */
  checkpoint: string;
}

/** Same alphabet as names in documents; long enough for a Kubernetes name with its namespace. */
const Name = z.string().min(1).max(253);
const Reason = z.string().trim().min(1).max(1_000);

export const ReleaseBody = z
  .strictObject({
    pipeline: Name.describe('Name of a registered pipeline.'),
    spec: z.record(z.string(), z.unknown()).optional().describe('A new version, by its content.'),
    version: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hex digits')
      .optional()
      .describe('A version that is registered already.'),
    force: z.boolean().optional().describe('Tries a version again that was rolled back before.'),
  })
  .refine(body => body.spec === undefined || body.version === undefined, {
    path: ['version'],
    message: 'give `spec` or `version`, not both',
  });

/** `document`: the pipeline as JSON or as the text of a file; `files`: what it names, by the path it is named by. */
export const BundleBody = z.strictObject({
  document: z.union([z.string(), z.record(z.string(), z.unknown())]),
  files: z.record(z.string().min(1).max(1_024), z.string()).default({}),
});

export const VersionBody = z.strictObject({ spec: z.record(z.string(), z.unknown()) });
export const PromoteBody = z.strictObject({
  full: z.boolean().default(false),
  fromStage: z
    .int()
    .min(0)
    .optional()
    .describe(
      'The stage that the caller saw, from 0; the bake counts as the one after the last. 409 when it was left meanwhile.',
    ),
});
export const PauseBody = z.strictObject({ reason: Reason.optional() });
export const ResumeBody = z.strictObject({});
export const ApproveBody = z.strictObject({ comment: Reason.optional() });
export const CancelBody = z.strictObject({ reason: Reason.optional() });
export const RollbackBody = z.strictObject({ reason: Reason });

/** Described only: batches are read by hand, see metrics/outcome.ts. */
export const OutcomesBody = z.strictObject({
  client: z.string().max(256).optional().describe('Names the sender; with `sequence`, a batch counts once.'),
  sequence: z.int().min(0).optional(),
  outcomes: z
    .array(
      z.strictObject({
        id: z.string().max(256).optional(),
        artifact: z.string().min(1).max(256),
        version: z.string().min(1).max(256),
        unit: z.string().min(1).max(256),
        at: z.iso.datetime({ offset: true }).optional().describe('At most 60 s ahead of the server.'),
        latencyMs: z.number().min(0).optional(),
        error: z.union([z.boolean(), z.string()]).optional().describe('true or a message is an error.'),
        quality: z.number().min(0).max(1).optional(),
        costUsd: z.number().min(0).optional(),
        tokens: z.int().min(0).optional(),
      }),
    )
    .max(10_000),
});

const Flag = z.enum(['true', 'false']).transform(text => text === 'true');
const Time = z.iso.datetime({ offset: true, message: 'must be an RFC 3339 time, for example 2026-01-31T12:00:00Z' });

export const ReleasesQuery = z.strictObject({
  active: Flag.optional(),
  artifact: Name.optional(),
  cursor: z.string().min(1).max(512).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
});
export const AuditExportQuery = z.strictObject({
  release: Name.optional(),
  artifact: Name.optional(),
  from: Time.optional(),
  to: Time.optional(),
  format: z.enum(['json', 'jsonl', 'csv']).default('json'),
});

/** @throws SpillwayError REQUEST_INVALID that lists every field that does not fit */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap(problemsOfIssue);
  const first = problems[0]!;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const where = first.path === '' ? '' : `${first.path}: `;
  throw new SpillwayError('REQUEST_INVALID', `The request does not fit: ${where}${first.message}${more}.`, {
    problems,
  });
}

function problemsOfIssue(issue: z.core.$ZodIssue): Problem[] {
  const path = fieldPath(issue.path);
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map(key => ({ path: fieldPath([...issue.path, key]), message: 'is not a field of this request' }));
}

function fieldPath(path: readonly PropertyKey[]): string {
  return path
    .map(part => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}
