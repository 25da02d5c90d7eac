/**
 * The only reader of the environment. An empty variable counts as not set. Values are read when asked for, so that tests
 * bring their own.
 */
import { SpillwayError } from '../errors.ts';
import type { ProviderPlan } from './plan.ts';

export interface Environment {
  /** SPILLWAY_SERVER: URL of the server that commands talk to. */
  server?: string;
  /** SPILLWAY_DATABASE: address of the PostgreSQL database that a server, or a command without one, keeps its data in. */
  database?: string;
  /** SPILLWAY_TOKEN: sent to it, and asked for by it. */
  token?: string;
  /** OPENAI_BASE_URL. */
  openAiBaseUrl?: string;
  /** OPENAI_API_KEY. */
  openAiApiKey?: string;
  /** SPILLWAY_PROMETHEUS_URL: address of the Prometheus that counts the requests of workloads, unless a document names its own. */
  prometheusUrl?: string;
  /** SPILLWAY_PROMETHEUS_TOKEN: sent to the origin of SPILLWAY_PROMETHEUS_URL, and nowhere else. */
  prometheusToken?: string;
  /** NO_COLOR is set (https://no-color.org). */
  noColor: boolean;
  /** CI is set, and not to false or 0. */
  ci: boolean;
  /** Any other variable, for settings that name one. */
  variable(name: string): string | undefined;
  /** What a program of the user's is started with: all but Spillway's own, which hold its tokens. */
  forPrograms(): Record<string, string | undefined>;
}

export function readEnvironment(variables: Record<string, string | undefined> = process.env): Environment {
  const variable = (name: string) => variables[name] || undefined;
  const given = <Key extends string>(key: Key, name: string) => {
    const value = variable(name);
    return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: string };
  };
  return {
    ...given('server', 'SPILLWAY_SERVER'),
    ...given('database', 'SPILLWAY_DATABASE'),
    ...given('token', 'SPILLWAY_TOKEN'),
    ...given('openAiBaseUrl', 'OPENAI_BASE_URL'),
    ...given('openAiApiKey', 'OPENAI_API_KEY'),
    ...given('prometheusUrl', 'SPILLWAY_PROMETHEUS_URL'),
    ...given('prometheusToken', 'SPILLWAY_PROMETHEUS_TOKEN'),
    noColor: variable('NO_COLOR') !== undefined,
    ci: !['false', '0', undefined].includes(variable('CI')?.toLowerCase()),
    variable,
    forPrograms: () => Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith('SPILLWAY_'))),
  };
}

/**
 * The key for a suite's provider: the one written in it, the variable that its `apiKeyEnvar` names, or OPENAI_API_KEY.
 * Spillway's own variables are never handed to an endpoint.
 * @throws SpillwayError PROVIDER_FAILED the named variable is not set; CONFIG_INVALID it is one of Spillway's own
 */
export function providerKey(provider: ProviderPlan, environment: Environment): string | undefined {
  const { apiKey, apiKeyEnvar } = provider.config;
  if (typeof apiKey === 'string' && apiKey !== '') return apiKey;
  if (typeof apiKeyEnvar !== 'string') return environment.openAiApiKey;
  if (apiKeyEnvar.startsWith('SPILLWAY_'))
    throw new SpillwayError('CONFIG_INVALID', `apiKeyEnvar names ${apiKeyEnvar}, which is not a key of a provider`, {
      hint: 'Name the variable that holds the key of the model endpoint.',
    });
  const key = environment.variable(apiKeyEnvar);
  if (key !== undefined) return key;
  throw new SpillwayError('PROVIDER_FAILED', `The environment variable ${apiKeyEnvar} is not set`, {
    hint: `Set ${apiKeyEnvar}: the provider ${provider.id} names it in apiKeyEnvar.`,
  });
}
