/**
 * Asks a Prometheus, or what speaks its HTTP API: one request at a time, bounded in time and size. It retries nothing, because the
 * next poll does, and it judges nothing. By POST, since a query for two arms is longer than some proxies let a URL be.
 */
import { Pool } from 'undici';
import { SpillwayError } from '../../errors.ts';
import { type Matrix, type QueryResult, readMatrix, readResult } from './answer.ts';
import { answerFailure, networkFailure, redactor } from './failure.ts';

export interface PrometheusOptions {
  /** http or https, with a path where the API is below one: `https://mimir.example/prometheus`. */
  url: string;
  /** Sent as `Authorization: Bearer …`. */
  token?: string;
  /** For proxies and tenants, such as `X-Scope-OrgID`. None of their values is ever part of a message. */
  headers?: Readonly<Record<string, string>>;
  /** From the call to the last byte; default 5,000. */
  timeoutMs?: number;
  /** Longest answer; default 8 MiB, some 30,000 series. */
  maxBytes?: number;
  /** PEM of the authority that signed the certificate, where it is not a public one. */
  ca?: string;
}

export interface RangeQuery {
  /** Epoch milliseconds, both ends included. */
  fromMs: number;
  toMs: number;
  stepMs: number;
}

/**
 * Both queries wait for the one before them.
 * @throws SpillwayError METRICS_UNREACHABLE no answer, or none in time; METRICS_REFUSED credentials or certificate;
 *   METRICS_QUERY_INVALID with Prometheus' words and the position; METRICS_ANSWER_INVALID anything else
 */
export interface PrometheusClient {
  /** The value now: a vector, or a scalar. */
  instant(query: string): Promise<QueryResult>;
  /** A value each `stepMs`. */
  range(query: string, over: RangeQuery): Promise<Matrix>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 5_000;
const KEPT_MS = 30_000;
const BYTES_MAX = 8 * 1024 * 1024;

/** @throws SpillwayError CONFIG_INVALID when `url` is not an http or https URL; the message does not repeat it */
export function prometheusClient(options: PrometheusOptions): PrometheusClient {
  const base = baseOf(options.url);
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const headers = headersOf(options, base);
  const below = base.pathname.replace(/\/+$/, '');
  const place = { origin: base.origin, clean: redactor(headers), timeoutMs, maxBytes: options.maxBytes ?? BYTES_MAX };
  const pool = new Pool(base.origin, {
    connections: 1,
    pipelining: 1,
    allowH2: false,
    // Longer than the longest pause between two looks.
    keepAliveTimeout: KEPT_MS,
    // One deadline for the whole call; two clocks on one call would give two kinds of time-out.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: place.maxBytes,
    connect: { timeout: timeoutMs, ...(options.ca === undefined ? {} : { ca: options.ca }) },
  });
  let last: Promise<unknown> = Promise.resolve();

  async function ask(path: string, body: string): Promise<unknown> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await pool.request({ method: 'POST', path: `${below}${path}`, headers, body, signal });
      const text = await answer.body.text();
      if (answer.statusCode === 200) return parsed(text);
      throw answerFailure(answer.statusCode, text, place);
    } catch (error) {
      if (error instanceof SpillwayError) throw error;
      throw networkFailure(error, signal, place);
    }
  }

  function parsed(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new SpillwayError('METRICS_ANSWER_INVALID', `${place.origin} answered with something that is not JSON`, {
        cause,
      });
    }
  }

  /** The same query comes again and again, and to encode it costs more than to read its answer. */
  let newest = { query: '', body: '' };
  function bodyOf(query: string): string {
    if (newest.query !== query) newest = { query, body: formOf({ query }) };
    return newest.body;
  }

  /** The deadline of a call begins when it is sent, not while it waits for another. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    instant: query => inTurn(async () => readResult(await ask('/api/v1/query', bodyOf(query)))),
    range: (query, { fromMs, toMs, stepMs }) =>
      inTurn(async () => {
        const seconds = (ms: number) => String(ms / 1000);
        const form = { query, start: seconds(fromMs), end: seconds(toMs), step: seconds(stepMs) };
        return readMatrix(await ask('/api/v1/query_range', formOf(form)));
      }),
    close: () => pool.destroy(),
  };
}

const formOf = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new SpillwayError('CONFIG_INVALID', 'The address of Prometheus is not an http or https URL', {
      hint: 'Write it as https://host:9090, with the path below which the API is, if there is one.',
    });
  return url;
}

function headersOf({ token, headers = {} }: PrometheusOptions, base: URL): Record<string, string> {
  const sent: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
  if (base.username !== '') {
    const pair = `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`;
    sent['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  if (token !== undefined) sent['authorization'] = `Bearer ${token}`;
  for (const [name, value] of Object.entries(headers)) sent[name.toLowerCase()] = value;
  return sent;
}
