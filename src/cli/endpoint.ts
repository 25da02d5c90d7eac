import { type Environment, providerKey } from '../config/environment.ts';
import type { EndpointOf } from '../controller/run-suites.ts';

/** The endpoint of a suite's provider as the environment has it; the suite's own address and key win. */
export function endpointFrom(environment: Environment): EndpointOf {
  return provider => {
    const apiKey = provider.id === 'echo' ? undefined : providerKey(provider, environment);
    const { openAiBaseUrl: baseUrl } = environment;
    return { ...(baseUrl === undefined ? {} : { baseUrl }), ...(apiKey === undefined ? {} : { apiKey }) };
  };
}
