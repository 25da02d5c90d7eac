/**
 * `kind: Prompt`: the artifact. Its spec is what apps receive and what the version's digest is taken of, so nothing is
 * filled in: a default added later would rename every version.
 */
import { z } from 'zod';
import type { Report } from './check.ts';
import { API_VERSION, Metadata, NonEmpty, rule } from './fields.ts';
import type { Path } from './source.ts';

const Message = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']).describe('Who speaks.'),
  content: z
    .string({ error: rule('text; put values that YAML would read as a number or a mapping in quotes') })
    .describe('The text; `{{name}}` is filled from the variables.'),
});

/** Exactly one of `messages` and `template`; that rule is `promptRules`. */
export const PromptContent = z
  .strictObject({
    messages: z.array(Message).min(1).optional().describe('A chat. Instead of `template`.'),
    template: NonEmpty.optional().describe('One text, sent as the message of the user. Instead of `messages`.'),
    model: NonEmpty.optional().describe('The model; where it is given it wins over the provider of a suite.'),
    parameters: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Sampling parameters by the names of the API, such as `temperature`; they win over the provider.'),
  })
  .describe('The content of a version.');

export const Prompt = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The version of the document format.'),
    kind: z.literal('Prompt').describe('The kind of the document.'),
    metadata: Metadata,
    spec: PromptContent,
  })
  .describe(
    'One version of a prompt. Its name is the artifact and the flag key; its version is the digest of its spec.',
  );

const RESERVED: Record<string, string> = {
  model: 'stands in `model`, beside `parameters`',
  messages: 'stands in `messages`, beside `parameters`',
  stream: 'is set by the app that calls the model',
};

/** What the schema cannot say. Reads raw values, so that it reports beside other problems. */
export function promptRules(spec: unknown, base: Path, report: Report): void {
  if (typeof spec !== 'object' || spec === null) return;
  if ('messages' in spec && 'template' in spec) report(base, 'cannot stand beside `messages`; keep one', 'template');
  if (!('messages' in spec) && !('template' in spec))
    report(base, 'needs `messages` (a chat) or `template` (one text)');
  if (!('parameters' in spec) || typeof spec.parameters !== 'object' || spec.parameters === null) return;
  for (const key of Object.keys(spec.parameters))
    if (Object.hasOwn(RESERVED, key)) report([...base, 'parameters'], `${RESERVED[key]}`, key);
}
