/**
 * Reads what a chat completions endpoint sent: a completion, or why it is none. Endpoints that only claim to be
 * compatible send HTML, cut JSON, errors with status 200 and empty lists of choices; each is told apart here.
 */
import { CallFailure, type Completion } from '../call.ts';

type Fields = Record<string, unknown>;
type Headers = Record<string, string | string[] | undefined>;

const MESSAGE_MAX = 300;
const EXPLAINED_MAX = 4_000;
/** RFC 9110: the request was not processed in time, conflicts, or comes too fast; all others below 500 are final. */
const TRANSIENT = new Set([408, 409, 429]);

export interface Answer extends Completion {
  promptTokens?: number;
  completionTokens?: number;
}

/** @throws CallFailure malformed: the same call may well succeed */
export function readCompletion(text: string): Answer {
  const body = parse(text);
  const message = messageOf(body);
  const usage = fieldsOf(body['usage']);
  const promptTokens = countOf(usage['prompt_tokens']);
  const completionTokens = countOf(usage['completion_tokens']);
  const tokens = countOf(usage['total_tokens']) ?? sum(promptTokens, completionTokens);
  return {
    output: outputOf(message),
    ...(typeof body['model'] === 'string' ? { model: body['model'] } : {}),
    ...(promptTokens === undefined ? {} : { promptTokens }),
    ...(completionTokens === undefined ? {} : { completionTokens }),
    ...(tokens === undefined ? {} : { tokens }),
  };
}

/** Any status but 2xx. `text` must be free of secrets. */
export function failureOf(status: number, headers: Headers, text: string): CallFailure {
  const retryAfterMs = readRetryAfter(headers);
  return new CallFailure('http', `HTTP ${status}: ${explanationOf(text)}`, {
    status,
    retryable: status >= 500 || TRANSIENT.has(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/**
 * Milliseconds from now, from `retry-after-ms` or `Retry-After` (RFC 9110: seconds, or a date). A date counts from the
 * answer's own `Date`, so that a wrong clock here does no harm.
 */
export function readRetryAfter(headers: Headers): number | undefined {
  const milliseconds = Number.parseFloat(one(headers['retry-after-ms']) ?? '');
  if (milliseconds >= 0) return milliseconds;
  const after = one(headers['retry-after'])?.trim();
  if (!after) return undefined;
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const gap = Date.parse(after) - Date.parse(one(headers['date']) ?? '');
  return Number.isFinite(gap) ? Math.max(0, gap) : undefined;
}

function parse(text: string): Fields {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    const what = text.trimStart().startsWith('<') ? 'HTML' : text.trim() === '' ? 'empty' : 'not whole JSON';
    throw malformed(`the answer is ${what}: ${explanationOf(text)}`);
  }
  if (typeof body !== 'object' || body === null) throw malformed('the answer is not a JSON object');
  return body as Fields;
}

function messageOf(body: Fields): Fields {
  const choices = body['choices'];
  if (!Array.isArray(choices)) {
    throw malformed(
      body['error'] ? `the answer is an error: ${explanationOf(JSON.stringify(body))}` : 'the answer has no choices',
    );
  }
  if (choices.length === 0) throw malformed('the answer has an empty list of choices');
  const message = fieldsOf(choices[0])['message'];
  if (typeof message !== 'object' || message === null) throw malformed('the first choice has no message');
  return message as Fields;
}

/** Text; else the parts of a list joined; else the refusal or the tool calls, which graders can look at as JSON. */
function outputOf(message: Fields): string {
  const {
    content,
    refusal,
    tool_calls: toolCalls,
  } = message as { content: unknown; refusal: unknown; tool_calls: unknown };
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map(part => fieldsOf(part)['text'] ?? '').join('');
  if (typeof refusal === 'string') return refusal;
  if (Array.isArray(toolCalls)) return JSON.stringify(toolCalls);
  throw malformed('the message has no content');
}

/** The endpoint's own words: `error.message` where it is JSON, else the text without its markup; one short line. */
function explanationOf(text: string): string {
  // Looking for the end of a tag takes the square of what is looked at.
  let said = text.slice(0, EXPLAINED_MAX).replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/g, ' ');
  try {
    const error = fieldsOf(JSON.parse(text))['error'];
    const message = typeof error === 'string' ? error : fieldsOf(error)['message'];
    if (typeof message === 'string') said = message.slice(0, EXPLAINED_MAX);
  } catch {
    // Not JSON: the text itself is all there is.
  }
  const line = said.replace(/\s+/g, ' ').trim();
  if (line === '') return '(empty)';
  return line.length > MESSAGE_MAX ? `${line.slice(0, MESSAGE_MAX)}…` : line;
}

function malformed(message: string): CallFailure {
  return new CallFailure('malformed', message, { retryable: true });
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
