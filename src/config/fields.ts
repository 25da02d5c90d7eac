/**
 * The field kinds that several documents share. Each brings its own message, "what is allowed; what was found", and a
 * plain JSON Schema form: no transforms, because editors check the text that people write.
 */
import { z } from 'zod';
import { DURATION, durationMs, MAX_DURATION_MS } from './duration.ts';
import { formatPercent, PERCENT, percentFraction } from './percent.ts';
import { show } from './show.ts';

export const API_VERSION = 'spillway.dev/v1alpha1';
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * An error map that states the rule and shows what stood there; a missing field gets the general message. `guess` turns a
 * bare number into what was probably meant.
 */
export function rule(allowed: string, guess?: (found: number) => string) {
  return ({ input }: { input?: unknown }) => {
    if (input === undefined) return undefined;
    const meant = guess && typeof input === 'number' && input >= 0 ? `; did you mean ${guess(input)}?` : '';
    return `must be ${allowed}; found ${show(input)}${meant}`;
  };
}

const nameRule = rule(
  'a name: lower-case letters, digits and "-", at most 63 characters, with a letter or digit at both ends',
);
const Name = z.string({ error: nameRule }).regex(NAME, { error: nameRule });

export const Metadata = z
  .strictObject({
    name: Name.describe('Lower-case letters, digits and `-`, at most 63 characters.'),
  })
  .describe('Names the document.');

const Texts = z.record(z.string(), z.string());
/** Of documents that may also be applied to a cluster, where other tools label what they manage. */
export const PipelineMetadata = Metadata.extend({
  namespace: Name.optional().describe('In a cluster: where the pipeline and its workload are; `default` by default.'),
  labels: Texts.optional().describe('Of Kubernetes; kept and not read.'),
  annotations: Texts.optional().describe('Of Kubernetes; kept and not read.'),
}).describe('Names the document.');

const durationRule = rule('a duration, one whole number and a unit: 250ms, 30s, 5m or 1h', number => `${number}s`);
const longest = rule('at most 24 days (576h)');
/** 0 or longer. */
export const Duration = z
  .string({ error: durationRule })
  .regex(DURATION, { error: durationRule, abort: true })
  .refine(text => durationMs(text) <= MAX_DURATION_MS, { error: longest });
/** Longer than 0. */
export const PositiveDuration = Duration.refine(text => durationMs(text) > 0, { error: rule('longer than 0') });

const percentRule = rule('a percentage such as 5% or 0.5%', number =>
  formatPercent(number < 1 ? number : number / 100),
);
export const Percent = z.string({ error: percentRule }).regex(PERCENT, { error: percentRule, abort: true });
export const PercentUpTo100 = Percent.refine(text => percentFraction(text) <= 1, { error: rule('at most 100%') });

export const NonEmpty = z.string().min(1, { error: () => 'must not be empty' });
