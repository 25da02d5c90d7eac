import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Json } from '../../config/plan.ts';
import { CallFailure, type Provider, type RenderedPrompt } from '../call.ts';
import { makeProvider } from '../provider.ts';
import {
  completionOf,
  type Reply,
  type SimulatedCall,
  type SimulatedEndpoint,
  simulateEndpoint,
} from '../simulated-endpoint.test-support.ts';
import { readCompletion, readRetryAfter } from './openai-answer.ts';

const KEY = 'sk-test-0123456789abcdef';
const PROMPT: RenderedPrompt = { messages: [{ role: 'user', content: 'hello' }] };
const never = new AbortController().signal;
const closers: (() => Promise<void>)[] = [];
let endpoint: SimulatedEndpoint;
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function client(
  behave: (call: SimulatedCall) => Reply = () => 'answer',
  config: { [key: string]: Json } = {},
  apiKey = KEY,
): Promise<Provider> {
  endpoint = await simulateEndpoint(behave);
  const plan = { id: 'openai:chat:gpt-suite', config };
  const provider = await makeProvider(plan, { baseUrl: endpoint.baseUrl, apiKey, connections: 2 });
  closers.push(provider.close, endpoint.close);
  return provider;
}

async function failureOf(provider: Provider, signal = never): Promise<CallFailure> {
  try {
    await provider.call(PROMPT, signal);
  } catch (error) {
    expect(error).toBeInstanceOf(CallFailure);
    return error as CallFailure;
  }
  return expect.unreachable('the call succeeded');
}

describe('a call', () => {
  test('sends model, messages and parameters, and reads text, tokens and model', async () => {
    const provider = await client(undefined, {
      temperature: 0.5,
      max_tokens: 7,
      passthrough: { user: 'u' },
      label: 'no',
    });
    const completion = await provider.call({ ...PROMPT, parameters: { temperature: 0, stream: true } }, never);
    expect(completion).toEqual({ output: 'HELLO', tokens: 15, model: 'gpt-suite' });
    expect(endpoint.calls[0]!.body).toEqual({
      model: 'gpt-suite',
      messages: PROMPT.messages,
      temperature: 0,
      max_tokens: 7,
      user: 'u',
    });
    expect(endpoint.calls[0]!.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
    });
  });

  test('uses the model of the artifact where it has one', async () => {
    const provider = await client();
    expect(await provider.call({ ...PROMPT, model: 'gpt-artifact' }, never)).toMatchObject({ model: 'gpt-artifact' });
  });

  test('counts the cost where the price of a token is known', async () => {
    const provider = await client(undefined, { inputCost: 0.001, outputCost: 0.01 });
    expect((await provider.call(PROMPT, never)).costUsd).toBeCloseTo(10 * 0.001 + 5 * 0.01, 12);
  });

  test('goes to the address of the suite where it names one, with its headers', async () => {
    const other = await simulateEndpoint();
    closers.push(other.close);
    const provider = await client(undefined, { apiBaseUrl: `${other.baseUrl}/`, headers: { 'X-Team': 'blue' } });
    await provider.call(PROMPT, never);
    expect(endpoint.calls).toHaveLength(0);
    expect(other.calls[0]!.headers['x-team']).toBe('blue');
  });

  test('keeps its connections', async () => {
    const provider = await client();
    for (let round = 0; round < 5; round += 1)
      await Promise.all([provider.call(PROMPT, never), provider.call(PROMPT, never)]);
    expect(endpoint.connections()).toBeLessThanOrEqual(2);
  });

  test('that is given up fails as aborted', async () => {
    const provider = await client(() => 'hang');
    const giveUp = new AbortController();
    setTimeout(() => giveUp.abort(), 20);
    expect(await failureOf(provider, giveUp.signal)).toMatchObject({ kind: 'aborted', retryable: false });
  });
});

describe('a failure is told apart', () => {
  const error = (message: string) => JSON.stringify({ error: { message } });
  test.each<[string, Reply, Partial<CallFailure>]>([
    [
      '500',
      { status: 500, body: error('boom') },
      { kind: 'http', status: 500, retryable: true, message: 'HTTP 500: boom' },
    ],
    [
      '429',
      { status: 429, headers: { 'retry-after': '2' } },
      { kind: 'http', status: 429, retryable: true, retryAfterMs: 2000 },
    ],
    ['400', { status: 400, body: error('bad') }, { kind: 'http', status: 400, retryable: false }],
    ['401', { status: 401, body: error('no') }, { kind: 'http', status: 401, retryable: false }],
    ['a redirect', { status: 302, headers: { location: '/' } }, { kind: 'http', status: 302, retryable: false }],
    ['a reset', 'reset', { kind: 'network', retryable: true }],
    ['a cut body', 'cutBody', { kind: 'network', retryable: true }],
    ['cut JSON', 'cutJson', { kind: 'malformed', retryable: true }],
    ['HTML', 'html', { kind: 'malformed', retryable: true, message: 'the answer is HTML: Please log in' }],
    [
      'no choices',
      'noChoices',
      { kind: 'malformed', retryable: true, message: 'the answer has an empty list of choices' },
    ],
    ['an empty body', { body: '' }, { kind: 'malformed', retryable: true }],
    [
      'an error with status 200',
      { body: error('overloaded') },
      { kind: 'malformed', retryable: true, message: 'the answer is an error: overloaded' },
    ],
    ['a body above 4 MiB', { body: completionOf('x'.repeat(5_000_000)) }, { kind: 'malformed', retryable: false }],
  ])('%s', async (_name, reply, expected) => {
    expect(await failureOf(await client(() => reply))).toMatchObject(expected);
  });

  test('a server that speaks no HTTP', async () => {
    const server = createServer(socket => socket.end('hello\r\n\r\n', () => socket.destroy()));
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const provider = await makeProvider({ id: 'openai:chat:m', config: {} }, { baseUrl, connections: 1 });
    closers.push(provider.close, () => new Promise(resolve => server.close(() => resolve())));
    expect(await failureOf(provider)).toMatchObject({ kind: 'network', retryable: true });
  });
});

describe('the key is never shown', () => {
  const echo = (call: SimulatedCall) =>
    JSON.stringify({ error: { message: `Incorrect key: ${call.headers.authorization}` } });

  test('when the endpoint sends it back in an error, however long', async () => {
    for (const pad of [0, 200, 285, 290, 300]) {
      const provider = await client(() => ({
        status: 401,
        body: JSON.stringify({ error: { message: `${'x'.repeat(pad)} ${KEY}` } }),
      }));
      const { message } = await failureOf(provider);
      expect(message).not.toMatch(/sk-test|0123456789/);
    }
  });

  test('when the endpoint sends back the whole header, in JSON, text or HTML', async () => {
    for (const wrap of [echo, (call: SimulatedCall) => `<p>${call.headers.authorization}</p>`]) {
      const provider = await client(call => ({ status: 403, body: wrap(call) }), {
        apiKey: 'a-key/with+odd"characters',
      });
      expect((await failureOf(provider)).message).not.toContain('odd');
      const other = await client(call => ({ status: 403, body: wrap(call) }));
      expect((await failureOf(other)).message).not.toContain(KEY);
    }
  });

  test('when a header of the suite holds a secret', async () => {
    const body = (call: SimulatedCall) => `denied for ${call.headers['x-api-token']}`;
    const provider = await client(call => ({ status: 403, body: body(call) }), {
      headers: { 'x-api-token': 'very-secret-token' },
    });
    expect((await failureOf(provider)).message).toBe('HTTP 403: denied for [redacted]');
  });

  test('when the answer of the model holds it', async () => {
    const provider = await client(call => ({ body: completionOf(`you sent ${call.headers.authorization}`) }));
    expect((await provider.call(PROMPT, never)).output).toBe('you sent [redacted]');
  });

  test('is hidden in an answer too where a header of the suite carries it, while a plain header stays', async () => {
    const body = ({ headers }: SimulatedCall) => completionOf(`${headers['x-api-token']}, team ${headers['x-team']}`);
    const provider = await client(call => ({ body: body(call) }), {
      headers: { 'x-api-token': 'very-secret-token', 'x-team': 'the blue ones' },
    });
    expect((await provider.call(PROMPT, never)).output).toBe('[redacted], team the blue ones');
  });
});

describe('a provider', () => {
  test('that is not known, or has no address or key, is refused with a way out', async () => {
    const make = (id: string, config: { [key: string]: Json }, baseUrl?: string) =>
      makeProvider({ id, config }, { connections: 1, ...(baseUrl === undefined ? {} : { baseUrl }) });
    await expect(make('openai:image:x', {})).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    await expect(make('openai:chat:x', {}, 'ftp://user:hunter22@host')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.not.stringContaining('hunter22'),
    });
    await expect(make('openai:chat:x', {})).rejects.toMatchObject({
      code: 'PROVIDER_FAILED',
      hint: 'Set OPENAI_API_KEY.',
    });
  });

  test('echo answers with the prompt', async () => {
    const echo = await makeProvider({ id: 'echo', config: {} }, { connections: 1 });
    const messages = [{ role: 'system', content: 'Be brief.' }, ...PROMPT.messages];
    expect(await echo.call({ messages }, never)).toEqual({ output: 'Be brief.\nhello' });
  });
});

describe('what an answer holds', () => {
  const message = (fields: object) => readCompletion(JSON.stringify({ choices: [{ message: fields }] })).output;
  test.each([
    [
      'parts of text are joined',
      {
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      'ab',
    ],
    ['an empty text is an answer', { content: '' }, ''],
    ['a refusal is an answer', { content: null, refusal: 'I will not.' }, 'I will not.'],
    ['tool calls are shown as JSON', { content: null, tool_calls: [{ id: '1' }] }, '[{"id":"1"}]'],
  ])('%s', (_name, fields, expected) => expect(message(fields)).toBe(expected));

  test.each([
    ['seconds', { 'retry-after': '1.5' }, 1500],
    ['milliseconds come first', { 'retry-after-ms': '20', 'retry-after': '9' }, 20],
    [
      'a date counts from the date of the answer',
      { 'retry-after': 'Wed, 21 Oct 2015 07:28:30 GMT', date: 'Wed, 21 Oct 2015 07:28:00 GMT' },
      30_000,
    ],
    [
      'a date that is over',
      { 'retry-after': 'Wed, 21 Oct 2015 07:27:00 GMT', date: 'Wed, 21 Oct 2015 07:28:00 GMT' },
      0,
    ],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
    ['a negative number', { 'retry-after': '-5' }, undefined],
    ['none', {}, undefined],
  ])('Retry-After: %s', (_name, headers, expected) => expect(readRetryAfter(headers)).toBe(expected));
});
