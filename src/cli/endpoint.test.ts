import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../config/environment.ts';
import type { Json } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import { endpointFrom, serverEndpointFrom } from './endpoint.ts';

const KEY = 'the-key-of-the-operator';
const provider = (config: { [key: string]: Json } = {}) => ({ id: 'openai:chat:m', config });

function refusal(variables: Record<string, string>, config: { [key: string]: Json }): SpillwayError {
  const endpointOf = serverEndpointFrom(readEnvironment({ OPENAI_API_KEY: KEY, ...variables }));
  try {
    endpointOf(provider(config));
  } catch (error) {
    if (error instanceof SpillwayError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function keyFor(variables: Record<string, string>, config: { [key: string]: Json }): string | undefined {
  return serverEndpointFrom(readEnvironment({ OPENAI_API_KEY: KEY, ...variables }))(provider(config)).apiKey;
}

describe('a document on a server', () => {
  test.each([
    ['another address', { apiBaseUrl: 'https://collector.example/v1' }],
    ['another host', { apiHost: 'collector.example' }],
    ['another host behind a user name', { apiHost: 'api.openai.com@collector.example' }],
    ['another port of the host', { apiBaseUrl: 'https://api.openai.com:8443/v1' }],
    ['the host without encryption', { apiBaseUrl: 'http://api.openai.com/v1' }],
    ['a service of the machine itself', { apiBaseUrl: 'http://127.0.0.1:2375' }],
    ['another address, with a key of its own', { apiBaseUrl: 'https://collector.example/v1', apiKey: 'own' }],
  ])('that names %s is refused', (_what, config) => {
    const { code, message, hint } = refusal({}, config);
    expect({ code, hint }).toEqual({ code: 'CONFIG_INVALID', hint: expect.stringContaining('SPILLWAY_ALLOWED_HOSTS') });
    expect(message).not.toContain(KEY);
  });

  test('gets the key of the environment for the host of OPENAI_BASE_URL, and for OpenAI without one', () => {
    expect(keyFor({}, {})).toBe(KEY);
    expect(keyFor({}, { apiBaseUrl: 'https://api.openai.com/v2' })).toBe(KEY);
    expect(keyFor({ OPENAI_BASE_URL: 'http://models.local:8080/v1' }, { apiBaseUrl: 'http://models.local:8080' })).toBe(
      KEY,
    );
    const { code } = refusal(
      { OPENAI_BASE_URL: 'http://models.local:8080/v1' },
      { apiBaseUrl: 'https://api.openai.com' },
    );
    expect(code).toBe('CONFIG_INVALID');
  });

  test.each([
    ['a.example, Models.Example', 'https://models.example/v1'],
    ['models.example:443', 'https://models.example/v1'],
    ['127.0.0.1:11434', 'http://127.0.0.1:11434/v1'],
    ['https://models.example/v1', 'https://models.example/v2'],
  ])('gets it for hosts that SPILLWAY_ALLOWED_HOSTS=%s names: %s', (hosts, apiBaseUrl) =>
    expect(keyFor({ SPILLWAY_ALLOWED_HOSTS: hosts }, { apiBaseUrl })).toBe(KEY),
  );

  test('does not get it for what only resembles an allowed host', () => {
    const allowed = { SPILLWAY_ALLOWED_HOSTS: 'models.example,https://only-tls.example' };
    for (const apiBaseUrl of [
      'https://models.example:8443',
      'https://evil-models.example',
      'https://models.example.evil',
      'http://only-tls.example',
    ])
      expect(refusal(allowed, { apiBaseUrl }).code).toBe('CONFIG_INVALID');
  });

  test('may name OPENAI_API_KEY and the variables of SPILLWAY_ALLOWED_VARIABLES, and no other', () => {
    const variables = { AWS_SECRET_ACCESS_KEY: 'aws', SECOND_KEY: 'second', SPILLWAY_TOKEN: 'token' };
    const allowed = { ...variables, SPILLWAY_ALLOWED_VARIABLES: 'SECOND_KEY , SPILLWAY_TOKEN' };
    expect(keyFor(variables, { apiKeyEnvar: 'OPENAI_API_KEY' })).toBe(KEY);
    expect(keyFor(allowed, { apiKeyEnvar: 'SECOND_KEY' })).toBe('second');
    expect(refusal(variables, { apiKeyEnvar: 'SECOND_KEY' }).hint).toContain('SPILLWAY_ALLOWED_VARIABLES');
    expect(refusal(variables, { apiKeyEnvar: 'AWS_SECRET_ACCESS_KEY' }).message).toContain('AWS_SECRET_ACCESS_KEY');
    // Never, even if listed: it opens this server.
    expect(refusal(allowed, { apiKeyEnvar: 'SPILLWAY_TOKEN' }).code).toBe('CONFIG_INVALID');
  });
});

test('files of one’s own may name any host and any variable on the command line', () => {
  const environment = readEnvironment({ OPENAI_API_KEY: KEY, OTHER: 'other' });
  expect(endpointFrom(environment)(provider({ apiBaseUrl: 'http://127.0.0.1:11434/v1' })).apiKey).toBe(KEY);
  expect(endpointFrom(environment)(provider({ apiHost: 'models.example', apiKeyEnvar: 'OTHER' })).apiKey).toBe('other');
});
