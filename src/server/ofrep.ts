/**
 * The OpenFeature Remote Evaluation Protocol: any OpenFeature SDK resolves prompts here, whatever its language. Answers
 * come from the registry's memory; errors have OFREP's own shape, because its clients read nothing else.
 */
import { hash } from 'node:crypto';
import { type Assigned, assign } from '../traffic/assignment.ts';
import type { Assignment, ServedVersion } from '../traffic/registry.ts';
import type { AssignmentSource } from './assignments.ts';

export interface OfrepReply {
  status: number;
  body: string;
  etag?: string;
}

type OfrepErrorCode = 'PARSE_ERROR' | 'INVALID_CONTEXT' | 'FLAG_NOT_FOUND' | 'GENERAL';

export interface Ofrep {
  evaluate(key: string, body: Buffer): OfrepReply;
  /** The ETag covers the request as it came: another context never meets a cached answer. @param ifNoneMatch the header as it came */
  evaluateAll(body: Buffer, ifNoneMatch: string | undefined): OfrepReply;
}

interface Context {
  unit: string | undefined;
}

/** As of an outcome: a longer unit could be given a version and never report on it. */
const MAX_UNIT = 256;

class Refusal {
  readonly code: OfrepErrorCode;
  readonly details: string;
  constructor(code: OfrepErrorCode, details: string) {
    this.code = code;
    this.details = details;
  }
}

export function ofrep(registry: Pick<AssignmentSource, 'assignment' | 'assignments'>): Ofrep {
  return {
    evaluate(key, body) {
      const context = readContext(body);
      if (context instanceof Refusal) return failure(400, context, key);
      const assignment = registry.assignment(key);
      if (assignment) return { status: 200, body: evaluation(assignment, context.unit) };
      return failure(404, new Refusal('FLAG_NOT_FOUND', `No artifact \`${key}\` is served here.`), key);
    },
    evaluateAll(body, ifNoneMatch) {
      const context = readContext(body);
      if (context instanceof Refusal) return failure(400, context);
      const flags = registry.assignments().map(assignment => evaluation(assignment, context.unit));
      const text = `{"flags":[${flags.join(',')}]}`;
      const etag = `"${hash('sha256', `${body.toString('latin1')}\n${text}`).slice(0, 32)}"`;
      if (matches(ifNoneMatch, etag)) return { status: 304, body: '', etag };
      return { status: 200, body: text, etag };
    },
  };
}

/** For what the protocol cannot say better. */
export function ofrepFailure(status: number, details: string): OfrepReply {
  return failure(status, new Refusal('GENERAL', details));
}

function failure(status: number, { code, details }: Refusal, key?: string): OfrepReply {
  return {
    status,
    body: JSON.stringify({ ...(key === undefined ? {} : { key }), errorCode: code, errorDetails: details }),
  };
}

function readContext(body: Buffer): Context | Refusal {
  let request: unknown = {};
  try {
    if (body.length > 0) request = JSON.parse(body.toString('utf8'));
  } catch {
    return new Refusal('PARSE_ERROR', 'The body is not JSON.');
  }
  if (!isObject(request)) return new Refusal('PARSE_ERROR', 'The body must be an object { context }.');
  const context = request['context'];
  if (context === undefined || context === null) return { unit: undefined };
  if (!isObject(context)) return new Refusal('INVALID_CONTEXT', '`context` must be an object.');
  const unit = context['targetingKey'];
  if (unit !== undefined && unit !== null && typeof unit !== 'string')
    return new Refusal('INVALID_CONTEXT', '`context.targetingKey` must be a string.');
  if (typeof unit === 'string' && unit.length > MAX_UNIT)
    return new Refusal(
      'INVALID_CONTEXT',
      `\`context.targetingKey\` has ${unit.length} characters; at most ${MAX_UNIT}.`,
    );
  return { unit: unit ?? undefined };
}

function evaluation(assignment: Assignment, unit: string | undefined): string {
  const { salt, weight, candidate } = assignment;
  const assigned: Assigned = assign({ salt, weight, candidate: candidate?.version ?? null }, unit);
  const served = assigned.variant === 'candidate' && candidate ? candidate : assignment.baseline;
  return `{"key":${JSON.stringify(assignment.artifact)},${servedPart(served)},"variant":"${assigned.variant}","reason":"${assigned.reason}","metadata":${metadata(assignment, served)}}`;
}

function metadata({ releaseId }: Assignment, { version }: ServedVersion): string {
  return JSON.stringify(releaseId === null ? { version } : { version, releaseId });
}

/** Contents are immutable and large, so each is turned into text once. */
const texts = new WeakMap<object, string>();

function servedPart({ value }: ServedVersion): string {
  let text = texts.get(value);
  if (text === undefined) {
    text = `"value":${JSON.stringify(value)}`;
    texts.set(value, text);
  }
  return text;
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some(one => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
