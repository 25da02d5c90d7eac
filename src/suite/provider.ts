/** Picks the provider that a suite names. The clients behind it load only when named. */
import type { ProviderPlan } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import type { Provider, ProviderOptions } from './call.ts';

/** @throws SpillwayError NOT_SUPPORTED an unknown id; CONFIG_INVALID a bad base URL; PROVIDER_FAILED a missing key */
export async function makeProvider(plan: ProviderPlan, options: ProviderOptions): Promise<Provider> {
  if (plan.id === 'echo') {
    const { makeEcho } = await import('./providers/echo.ts');
    return makeEcho();
  }
  const chat = /^openai:chat:(.+)$/.exec(plan.id);
  if (chat) {
    const { makeOpenAiChat } = await import('./providers/openai.ts');
    return makeOpenAiChat(chat[1]!, plan.config, options);
  }
  throw new SpillwayError('NOT_SUPPORTED', `Provider "${plan.id}" is not known`, {
    hint: 'Use `openai:chat:<model>` (any OpenAI-compatible endpoint) or `echo`.',
  });
}
