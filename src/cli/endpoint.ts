/**
 * Where suites call their provider, and with which key. On the command line the files are the user's own and may name any
 * endpoint. A server takes documents from whoever may put a pipeline: there the operator's environment says which hosts
 * are called at all, because a document that named its own would get the key, or reach into the server's network.
 */
import { type Environment, providerKey } from '../config/environment.ts';
import type { ProviderPlan } from '../config/plan.ts';
import type { EndpointOf } from '../controller/run-suites.ts';
import { SpillwayError } from '../errors.ts';
import { baseUrlOf } from '../suite/providers/base-url.ts';

/** The endpoint of a suite's provider as the environment has it; the suite's own address and key win. */
export function endpointFrom(environment: Environment): EndpointOf {
  return provider => {
    const apiKey = provider.id === 'echo' ? undefined : providerKey(provider, environment);
    const { openAiBaseUrl: baseUrl } = environment;
    return { ...(baseUrl === undefined ? {} : { baseUrl }), ...(apiKey === undefined ? {} : { apiKey }) };
  };
}

/**
 * The same for documents that others sent: only the host of OPENAI_BASE_URL (OpenAI's without one) and those listed in
 * SPILLWAY_ALLOWED_HOSTS are called; `apiKeyEnvar` names OPENAI_API_KEY or one of SPILLWAY_ALLOWED_VARIABLES.
 * @throws SpillwayError (from the function) CONFIG_INVALID with the variable that would allow it
 */
export function serverEndpointFrom(environment: Environment): EndpointOf {
  const endpointOf = endpointFrom(environment);
  return provider => {
    if (provider.id !== 'echo') {
      requireAllowedHost(provider, environment);
      requireAllowedVariable(provider, environment);
    }
    return endpointOf(provider);
  };
}

function requireAllowedHost({ config }: ProviderPlan, environment: Environment): void {
  const { openAiBaseUrl } = environment;
  const wanted = baseUrlOf(config, openAiBaseUrl);
  if (wanted.origin === baseUrlOf({}, openAiBaseUrl).origin) return;
  const allowed = listOf(environment.variable('SPILLWAY_ALLOWED_HOSTS')).map(hostOrOrigin);
  if (namesOf(wanted).some(name => allowed.includes(name))) return;
  throw new SpillwayError(
    'CONFIG_INVALID',
    `The suite's provider is at ${wanted.origin}, which this server may not call`,
    {
      hint: `Leave apiBaseUrl out, or start the server with ${wanted.host} in SPILLWAY_ALLOWED_HOSTS.`,
    },
  );
}

function requireAllowedVariable({ config: { apiKeyEnvar } }: ProviderPlan, environment: Environment): void {
  if (typeof apiKeyEnvar !== 'string' || apiKeyEnvar === 'OPENAI_API_KEY') return;
  if (listOf(environment.variable('SPILLWAY_ALLOWED_VARIABLES')).includes(apiKeyEnvar)) return;
  throw new SpillwayError('CONFIG_INVALID', `apiKeyEnvar names ${apiKeyEnvar}, which documents here may not read`, {
    hint: 'Leave it out for OPENAI_API_KEY, or start the server with its name in SPILLWAY_ALLOWED_VARIABLES.',
  });
}

function listOf(text = ''): string[] {
  return text.split(',').flatMap(item => item.trim() || []);
}

/** A host stands for both schemes; an origin, or any URL of it, for its own alone. */
function hostOrOrigin(entry: string): string {
  return /^https?:\/\//i.test(entry) && URL.canParse(entry) ? new URL(entry).origin : entry.toLowerCase();
}

/** What a list may call it; the port may stand there even where it is the scheme's own. */
function namesOf({ origin, host, hostname, port, protocol }: URL): string[] {
  return [origin, host, `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`];
}
