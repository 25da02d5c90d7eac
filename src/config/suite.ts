/**
 * `kind: Suite`: test cases in Spillway's own form. A case without graders passes when the model answers; two cases of one
 * name are refused, because results are compared case by case.
 */
import { z } from 'zod';
import type { Report } from './check.ts';
import { API_VERSION, Metadata, NonEmpty } from './fields.ts';
import { GRADER_TYPES, graderValue } from './grader.ts';
import type { CasePlan, GraderPlan, GraderType, Json, PromptSpec, ProviderPlan, SuitePlan } from './plan.ts';
import { PromptContent, promptRules } from './prompt.ts';
import { Provider } from './provider.ts';
import { show } from './show.ts';
import { valueAt } from './source.ts';

const Grader = z.strictObject({
  type: z.enum(GRADER_TYPES).describe('The check.'),
  value: z
    .unknown()
    .describe(
      'What the answer is checked against: text, a list of texts for `-all` and `-any`, any value for `equals`.',
    ),
  not: z.boolean().default(false).describe('Passes when the check does not.'),
  weight: z.number().min(0).default(1).describe('Share in the score; 0 is shown and never fails the case.'),
  threshold: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('Score from which the grader passes; the graders of this version score 0 or 1.'),
  metric: NonEmpty.optional().describe('Name under which the score is reported.'),
});

const Case = z.strictObject({
  name: NonEmpty.optional().describe('Unique in the suite; `case-<n>` when left out.'),
  vars: z.record(z.string(), z.unknown()).default({}).describe('Values for the variables of the prompt.'),
  threshold: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('Score from which the case passes; without it every weighted grader must pass.'),
  graders: z
    .array(Grader)
    .default([])
    .describe('Checks of the answer; without any the case passes when the model answers.'),
});

export const Suite = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The version of the document format.'),
    kind: z.literal('Suite').describe('The kind of the document.'),
    metadata: Metadata,
    spec: z
      .strictObject({
        provider: Provider,
        prompts: z
          .array(PromptContent)
          .default([])
          .describe('Prompts for `spillway test` on this file alone; in a release the artifact takes their place.'),
        cases: z.array(Case).min(1).describe('The cases, at least one.'),
      })
      .describe('What is tested.'),
  })
  .describe('A set of test cases and the provider that answers them.');

type SuiteDocument = z.output<typeof Suite>;

/** What the schema cannot say. Reads raw values, so that it reports beside other problems. */
export function suiteRules(
  document: unknown,
  report: Report,
  lineOf: (path: (string | number)[]) => number | undefined,
): void {
  const spec = valueAt(document, ['spec']);
  const prompts = valueAt(spec, ['prompts']);
  if (Array.isArray(prompts))
    for (const [index, prompt] of prompts.entries()) promptRules(prompt, ['spec', 'prompts', index], report);
  const cases = valueAt(spec, ['cases']);
  if (!Array.isArray(cases)) return;
  const seen = new Map<string, number>();
  for (const [index, item] of cases.entries()) {
    const name = valueAt(item, ['name']) ?? `case-${index + 1}`;
    const first = typeof name === 'string' ? seen.get(name) : undefined;
    const path = ['spec', 'cases', index, 'name'];
    if (first !== undefined) {
      const line = lineOf(['spec', 'cases', first, 'name']);
      const where = line === undefined ? `cases[${first}]` : `cases[${first}], line ${line}`;
      report(path, `${show(name)} is the name of ${where} too; names must differ`);
    } else if (typeof name === 'string') seen.set(name, index);
    const graders = valueAt(item, ['graders']);
    if (Array.isArray(graders))
      for (const [at, grader] of graders.entries()) graderRule(grader, ['spec', 'cases', index, 'graders', at], report);
  }
}

function graderRule(grader: unknown, path: (string | number)[], report: Report): void {
  const type = valueAt(grader, ['type']);
  if (!GRADER_TYPES.some(known => known === type)) return;
  const value = valueAt(grader, ['value']);
  if (value === undefined) return;
  if (typeof value === 'string' && /-(all|any)$/.test(String(type)))
    report([...path, 'value'], `must be a list of texts, for ${type}; found ${show(value)}`);
  else graderValue(type as GraderType, value, [...path, 'value'], report);
}

/** @param document checked by the schema and by `suiteRules` */
export function suitePlanOf(document: SuiteDocument, file: string): SuitePlan {
  const { provider, prompts, cases } = document.spec;
  return {
    name: document.metadata.name,
    file,
    provider: {
      id: provider.id,
      ...(provider.label === undefined ? {} : { label: provider.label }),
      config: (provider.config ?? {}) as ProviderPlan['config'],
    },
    cases: cases.map(casePlan),
    prompts: prompts as PromptSpec[],
  };
}

function casePlan(item: SuiteDocument['spec']['cases'][number], index: number): CasePlan {
  const name = item.name ?? `case-${index + 1}`;
  return {
    id: name,
    name,
    vars: item.vars as CasePlan['vars'],
    ...(item.threshold === undefined ? {} : { threshold: item.threshold }),
    graders: item.graders.map(graderPlan),
  };
}

function graderPlan({ type, value, not, weight, metric }: z.output<typeof Grader>): GraderPlan {
  const known = graderValue(type, value, [], () => {}) as Json;
  return { type, value: known, not, weight, ...(metric === undefined ? {} : { metric }) };
}
