/**
 * The HTTP interface as an OpenAPI 3.1 document, made from the schemas that requests are checked against, so that it
 * cannot say other than the server does. A test holds the list of operations to the routes.
 */
import { z } from 'zod';
import {
  ApproveBody,
  AuditExportQuery,
  BundleBody,
  CancelBody,
  OutcomesBody,
  PauseBody,
  PromoteBody,
  ReleaseBody,
  ReleasesQuery,
  ResumeBody,
  RollbackBody,
  VersionBody,
} from './contract.ts';

interface Operation {
  method: 'get' | 'put' | 'post';
  /** With `:name` for parameters, as the router has it. */
  path: string;
  summary: string;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Default 200. */
  status?: number;
  /** Default application/json. */
  type?: string;
  /** Takes an `Idempotency-Key`. */
  once?: true;
}

const STREAM = 'text/event-stream';
const RELEASE = '/api/v1/releases/:id';
const FLAGS = '/ofrep/v1/evaluate/flags';
const EvaluationBody = z.object({ context: z.object({ targetingKey: z.string().optional() }).optional() });

export const OPERATIONS: readonly Operation[] = [
  { method: 'get', path: '/healthz', summary: 'The process lives.' },
  { method: 'get', path: '/readyz', summary: 'The store answers, and the server is neither starting nor stopping.' },
  { method: 'get', path: '/metrics', summary: 'Metrics for Prometheus.', type: 'text/plain' },
  { method: 'get', path: '/openapi.json', summary: 'This document.' },
  { method: 'get', path: '/api/v1/pipelines', summary: 'All pipelines.' },
  { method: 'get', path: '/api/v1/pipelines/:name', summary: 'One pipeline.' },
  {
    method: 'put',
    path: '/api/v1/pipelines/:name',
    summary: 'Registers a pipeline with the files that it names; 201 when it is new. At most 1 MiB of text.',
    body: BundleBody,
  },
  { method: 'get', path: '/api/v1/artifacts/:name/versions', summary: 'Versions of an artifact, newest first.' },
  {
    method: 'post',
    path: '/api/v1/artifacts/:name/versions',
    summary: 'Registers a version, named by its content; 200 when it is there already.',
    body: VersionBody,
    status: 201,
  },
  { method: 'get', path: '/api/v1/releases', summary: 'Releases, newest first, in pages.', query: ReleasesQuery },
  {
    method: 'post',
    path: '/api/v1/releases',
    summary: 'Starts a release of a new version, a registered one, or the prompt of the pipeline.',
    body: ReleaseBody,
    status: 201,
    once: true,
  },
  { method: 'get', path: RELEASE, summary: 'One release with its newest verdict.' },
  { method: 'get', path: `${RELEASE}/tests`, summary: 'The documents of its test runs.' },
  command('promote', 'One stage further; with `full`, to 100 %. Overrides the verdict.', PromoteBody),
  command('pause', 'Stops the clock of the stage; a failed verdict still rolls back.', PauseBody),
  command('resume', 'Ends a pause.', ResumeBody),
  command('rollback', 'Gives all traffic back to the baseline, at once.', RollbackBody),
  command('cancel', 'Ends the release without a verdict.', CancelBody),
  command('approve', 'Lets the stage be left when it passes, where it asks for that.', ApproveBody),
  {
    method: 'post',
    path: '/api/v1/outcomes',
    summary: 'Outcomes of served versions, in batches; durable when answered. 429 when too many wait.',
    body: OutcomesBody,
    status: 202,
  },
  {
    method: 'get',
    path: '/api/v1/audit',
    summary: 'The audit trail: JSON, JSON Lines or CSV.',
    query: AuditExportQuery,
  },
  { method: 'get', path: '/api/v1/audit/heads', summary: 'The last event of every chain, and one hash over them.' },
  { method: 'get', path: '/api/v1/events', summary: 'What happens, resumable by Last-Event-ID.', type: STREAM },
  { method: 'get', path: '/api/v1/assignments', summary: 'What SDKs resolve from, whole state first.', type: STREAM },
  { method: 'post', path: FLAGS, summary: 'OFREP: evaluates every flag; ETag and 304.', body: EvaluationBody },
  { method: 'post', path: `${FLAGS}/:key`, summary: 'OFREP: evaluates one flag.', body: EvaluationBody },
];

function command(name: string, summary: string, body: z.ZodType): Operation {
  return { method: 'post', path: `${RELEASE}/${name}`, summary, body, once: true };
}

export function openApiDocument(): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [operation.method]: describe(operation) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Spillway', version: 'v1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'Needed when the server has a token.' },
      },
      schemas: { Problem: PROBLEM },
    },
  };
}

function describe({ path, summary, query, body, status = 200, type = 'application/json', once }: Operation): object {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => parameter('path', name!, { type: 'string' }, true));
  const inQuery = Object.entries(query ? (jsonSchema(query).properties ?? {}) : {}).map(([name, schema]) =>
    parameter('query', name, schema as object, false),
  );
  const headers = once ? [parameter('header', 'Idempotency-Key', { type: 'string', maxLength: 255 }, false)] : [];
  return {
    summary,
    parameters: [...inPath, ...inQuery, ...headers],
    ...(body ? { requestBody: { content: { 'application/json': { schema: jsonSchema(body) } } } } : {}),
    responses: {
      [status]: { description: summary, content: { [type]: {} } },
      default: {
        description: 'What went wrong, and the way out.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function jsonSchema(schema: z.ZodType) {
  const { $schema: _$schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

function parameter(where: string, name: string, schema: object, required: boolean): object {
  return { in: where, name, required, schema };
}

const TEXT = { type: 'string' };
const PROBLEM = {
  description: 'RFC 9457.',
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'hint'],
  properties: {
    type: TEXT,
    title: TEXT,
    status: { type: 'integer' },
    detail: TEXT,
    code: { ...TEXT, description: 'To match on.' },
    hint: { ...TEXT, description: 'What to do.' },
    errors: { type: 'array', items: { type: 'object', properties: { path: TEXT, message: TEXT } } },
  },
};
