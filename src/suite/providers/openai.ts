import type { Json } from '../../config/plan.ts';
import type { Provider, ProviderOptions } from '../provider.ts';

export async function makeOpenAiChat(
  _model: string,
  _config: { [key: string]: Json },
  _options: ProviderOptions,
): Promise<Provider> {
  throw new Error('not built yet');
}
