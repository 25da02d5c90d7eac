/**
 * Chat completions of any OpenAI-compatible endpoint, one attempt a call, on undici's `request`: three times as many calls
 * a second as the global fetch at the same concurrency. Reads no environment: address and key come in.
 */
import { Pool } from 'undici';
import type { Json } from '../../config/plan.ts';
import { SpillwayError } from '../../errors.ts';
import { CallFailure, type Completion, type Provider, type ProviderOptions, type RenderedPrompt } from '../call.ts';
import { baseUrlOf, OPENAI_ORIGIN } from './base-url.ts';
import { type Answer, failureOf, readCompletion } from './openai-answer.ts';
import { hideKeys, makeRedactor } from './redact.ts';

type Config = { [key: string]: Json };

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
/** What of the provider's config goes into the body; all else is for the client or for other tools. */
const PARAMETERS = (
  'temperature max_tokens max_completion_tokens top_p seed stop response_format tools tool_choice functions function_call ' +
  'frequency_penalty presence_penalty reasoning_effort verbosity service_tier logit_bias parallel_tool_calls'
).split(' ');

/**
 * `config`: `apiBaseUrl` or `apiHost`, `apiKey`, `organization`, `headers`, `passthrough` (fields for the body), `cost` or
 * `inputCost` and `outputCost` (USD a token), and the parameters of the protocol.
 * @throws SpillwayError CONFIG_INVALID a bad base URL; PROVIDER_FAILED no key for OpenAI itself
 */
export function makeOpenAiChat(model: string, config: Config, options: ProviderOptions): Provider {
  const base = baseUrlOf(config, options.baseUrl);
  const key = stringOf(config['apiKey']) ?? options.apiKey ?? '';
  if (key === '' && base.origin === OPENAI_ORIGIN) {
    throw new SpillwayError('PROVIDER_FAILED', `No key for ${base.origin}`, { hint: 'Set OPENAI_API_KEY.' });
  }
  const headers = headersOf(config, key, base);
  // Header values may be ordinary words, so only errors are cleaned of all of them; a key is never part of an answer.
  const redact = makeRedactor([key, base.password, ...secretHeaders(headers, /auth|key|token|secret|cookie/)]);
  const redactAll = makeRedactor([key, base.password, ...secretHeaders(headers)]);
  const clean = (text: string) => hideKeys(redactAll(text));
  const path = `${base.pathname.replace(/\/+$/, '')}/chat/completions${base.search}`;
  const defaults = { ...pick(config, PARAMETERS), ...objectOf(config['passthrough']) };
  const pool = new Pool(base.origin, {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    // The runner's deadline covers the whole attempt; two clocks on one call would give two kinds of time-out.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: BODY_BYTES_MAX,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });

  return {
    async call(prompt, signal) {
      const { status, received, text } = await send(bodyOf(prompt, model, defaults), signal);
      if (status < 200 || status > 299) throw failureOf(status, received, clean(text));
      return priced(readCompletion(redact(text)), config);
    },
    close: () => pool.destroy(),
  };

  async function send(body: string, signal: AbortSignal) {
    try {
      const answer = await pool.request({ method: 'POST', path, headers, body, signal });
      return { status: answer.statusCode, received: answer.headers, text: await answer.body.text() };
    } catch (error) {
      throw networkFailure(error, signal, clean);
    }
  }
}

function bodyOf(prompt: RenderedPrompt, model: string, defaults: Config): string {
  // A streamed answer could not be read as one document.
  const { stream: _, ...parameters } = { ...defaults, ...prompt.parameters };
  return JSON.stringify({ ...parameters, model: prompt.model ?? model, messages: prompt.messages });
}

function priced(answer: Answer, config: Config): Completion {
  const { promptTokens, completionTokens, ...completion } = answer;
  const input = numberOf(config['inputCost']) ?? numberOf(config['cost']);
  const output = numberOf(config['outputCost']) ?? numberOf(config['cost']);
  if (input === undefined || output === undefined || promptTokens === undefined) return completion;
  return { ...completion, costUsd: promptTokens * input + (completionTokens ?? 0) * output };
}

function networkFailure(error: unknown, signal: AbortSignal, clean: (text: string) => string): CallFailure {
  if (signal.aborted) return new CallFailure('aborted', 'the call was given up', { retryable: false });
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return new CallFailure('malformed', `the answer is longer than ${BODY_BYTES_MAX} bytes`, { retryable: false });
  }
  const said = clean(message || 'the connection failed');
  return new CallFailure('network', code && !said.includes(code) ? `${said} (${code})` : said, { retryable: true });
}

function headersOf(config: Config, key: string, base: URL): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (key !== '') headers['authorization'] = `Bearer ${key}`;
  else if (base.username !== '') {
    const pair = `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  const organization = stringOf(config['organization']);
  if (organization) headers['openai-organization'] = organization;
  for (const [name, value] of Object.entries(objectOf(config['headers']))) headers[name.toLowerCase()] = String(value);
  return headers;
}

/** Every header but the content type may be a credential; `Bearer x` also hides `x`. */
function secretHeaders(headers: Record<string, string>, names = /./): string[] {
  return Object.entries(headers)
    .filter(([name]) => name !== 'content-type' && names.test(name))
    .flatMap(([, value]) => [value, value.replace(/^\w+ /, '')]);
}

function pick(config: Config, names: readonly string[]): Config {
  return Object.fromEntries(names.flatMap(name => (config[name] === undefined ? [] : [[name, config[name]]])));
}

function stringOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function objectOf(value: Json | undefined): Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}
