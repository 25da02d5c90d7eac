/**
 * The provider that a suite names, and its settings: the same for native suites and promptfoo configs. A setting that the
 * client would not use is refused, because a config that looks obeyed and is not is worse than an error.
 */
import { z } from 'zod';
import { NonEmpty, rule } from './fields.ts';

export const PROVIDER_ID = /^(echo|openai:chat:\S+)$/;

const secretRule = () => 'must be text; what stands there is not shown';
const urlRule = rule('an http or https URL, such as https://host/v1');
const Parameters = z.record(z.string(), z.unknown());
const Tools = z.array(z.unknown(), { error: rule('a list; files are not supported here in this version') });

export const ProviderConfig = z
  .strictObject({
    apiBaseUrl: z
      .string({ error: urlRule })
      .regex(/^https?:\/\/\S+$/, { error: urlRule })
      .optional()
      .describe('Base URL of the endpoint; otherwise OPENAI_BASE_URL.'),
    apiHost: NonEmpty.optional().describe('Host of the endpoint, for `https://<host>/v1`.'),
    apiKey: z
      .string({ error: secretRule })
      .optional()
      .describe('The key itself. Better `apiKeyEnvar`: documents are kept and shown.'),
    apiKeyEnvar: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
        error: () => 'must be the name of an environment variable, not a key; what stands there is not shown',
      })
      .optional()
      .describe('Name of the environment variable that holds the key; otherwise OPENAI_API_KEY.'),
    organization: NonEmpty.optional().describe('Organization of the account.'),
    headers: z
      .record(z.string(), z.string({ error: secretRule }))
      .optional()
      .describe('Further HTTP headers.'),
    temperature: z.number().optional().describe('Sampling temperature.'),
    top_p: z.number().optional().describe('Nucleus sampling.'),
    max_tokens: z.int().min(1).optional().describe('Most tokens of an answer.'),
    max_completion_tokens: z.int().min(1).optional().describe('Most tokens of an answer, reasoning included.'),
    seed: z.int().optional().describe('Seed of the sampling.'),
    stop: z
      .union([z.string(), z.array(z.string())])
      .optional()
      .describe('Texts that end the answer.'),
    response_format: Parameters.optional().describe('Form of the answer, as the endpoint takes it.'),
    frequency_penalty: z.number().optional().describe('Penalty for frequent tokens.'),
    presence_penalty: z.number().optional().describe('Penalty for tokens that occurred.'),
    logit_bias: z.record(z.string(), z.number()).optional().describe('Bias by token.'),
    reasoning_effort: NonEmpty.optional().describe('Effort of reasoning models.'),
    verbosity: NonEmpty.optional().describe('Length of the answers, as the endpoint takes it.'),
    service_tier: NonEmpty.optional().describe('Tier of service, as the endpoint takes it.'),
    tools: Tools.optional().describe('Tools, as the endpoint takes them.'),
    tool_choice: z.unknown().optional().describe('Choice of the tool, as the endpoint takes it.'),
    parallel_tool_calls: z.boolean().optional().describe('Whether several tools may be called at once.'),
    functions: Tools.optional().describe('Functions, the older form of tools.'),
    function_call: z.unknown().optional().describe('Choice of the function, the older form.'),
    passthrough: Parameters.optional().describe('Further fields of the request body.'),
    cost: z.number().min(0).optional().describe('USD a token.'),
    inputCost: z.number().min(0).optional().describe('USD a token of the prompt.'),
    outputCost: z.number().min(0).optional().describe('USD a token of the answer.'),
  })
  .describe('Settings of the provider.');

const idRule = rule('`openai:chat:<model>` (any OpenAI-compatible endpoint) or `echo`');
export const Provider = z
  .strictObject({
    id: z.string({ error: idRule }).regex(PROVIDER_ID, { error: idRule }).describe('`openai:chat:<model>` or `echo`.'),
    label: NonEmpty.optional().describe('Shown in reports.'),
    config: ProviderConfig.optional(),
  })
  .describe('What answers the cases.');
