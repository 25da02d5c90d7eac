/** Where the calls of a provider go: one answer for the client that makes them and for whoever must allow them first. */
import type { Json } from '../../config/plan.ts';
import { SpillwayError } from '../../errors.ts';

const OPENAI = 'https://api.openai.com/v1';
export const OPENAI_ORIGIN = new URL(OPENAI).origin;

/**
 * `apiBaseUrl` or `apiHost` of the provider, else OPENAI_BASE_URL as the caller has it, else OpenAI's own.
 * @throws SpillwayError CONFIG_INVALID it is not an http or https URL; the message does not repeat it
 */
export function baseUrlOf(config: { [key: string]: Json }, baseUrl: string | undefined): URL {
  const host = textOf(config['apiHost']);
  const text = textOf(config['apiBaseUrl']) ?? (host ? `https://${host}/v1` : undefined) ?? baseUrl ?? OPENAI;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new SpillwayError('CONFIG_INVALID', `The provider's base URL is not an http or https URL`, {
    hint: 'Write it as https://host/v1 (`apiBaseUrl` of the provider, or OPENAI_BASE_URL).',
  });
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
