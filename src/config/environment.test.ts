import { describe, expect, test } from 'vitest';
import { providerKey, readEnvironment } from './environment.ts';

describe('the environment', () => {
  test('gives the variables that are set', () => {
    const environment = readEnvironment({
      SPILLWAY_SERVER: 'http://a',
      SPILLWAY_TOKEN: 't',
      OPENAI_BASE_URL: 'http://b',
      OPENAI_API_KEY: 'k',
      SPILLWAY_PROMETHEUS_URL: 'http://p',
      SPILLWAY_PROMETHEUS_TOKEN: 'pt',
      NO_COLOR: '1',
      CI: 'true',
      OTHER: 'o',
    });
    expect(environment).toMatchObject({
      server: 'http://a',
      token: 't',
      openAiBaseUrl: 'http://b',
      openAiApiKey: 'k',
      prometheusUrl: 'http://p',
      prometheusToken: 'pt',
      noColor: true,
      ci: true,
    });
    expect(environment.variable('OTHER')).toBe('o');
  });

  test('counts an empty variable as not set', () => {
    const environment = readEnvironment({ SPILLWAY_SERVER: '', NO_COLOR: '', CI: '' });
    expect(environment).not.toHaveProperty('server');
    expect(environment).toMatchObject({ noColor: false, ci: false });
  });

  test.each(['false', '0', 'FALSE'])('is no CI when CI is %s', CI => expect(readEnvironment({ CI }).ci).toBe(false));
});

describe('the key of a provider', () => {
  const environment = readEnvironment({ OPENAI_API_KEY: 'general', MY_KEY: 'special', SPILLWAY_TOKEN: 'token' });
  const keyOf = (config: Record<string, string>) => providerKey({ id: 'openai:chat:m', config }, environment);

  test('is OPENAI_API_KEY when the suite names none', () => expect(keyOf({})).toBe('general'));
  test('is the variable that the suite names', () => expect(keyOf({ apiKeyEnvar: 'MY_KEY' })).toBe('special'));
  test('is the one written in the suite before all', () =>
    expect(keyOf({ apiKey: 'own', apiKeyEnvar: 'MY_KEY' })).toBe('own'));
  test('that is named and not set is an error, never another key', () =>
    expect(() => keyOf({ apiKeyEnvar: 'MISSING' })).toThrow(/MISSING is not set/));
  test("is never one of Spillway's own variables", () =>
    expect(() => keyOf({ apiKeyEnvar: 'SPILLWAY_TOKEN' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    ));
});
