/**
 * promptfoo's own config file, read as a suite. What this version runs means the same as in promptfoo; everything else is a
 * problem at its place: nothing is dropped, because a test that is not run must not look like one that passed.
 */
import { type Report, unknownFieldMessage } from './check.ts';
import type { SuitePlan } from './plan.ts';
import { HARMLESS_FIELDS, HARMLESS_OPTIONS, LATER_FIELDS, NEUTRAL_OPTIONS } from './promptfoo-names.ts';
import { notYet, readPrompts } from './promptfoo-prompts.ts';
import { isKeyFromEnvironment, readProvider } from './promptfoo-provider.ts';
import { readCases } from './promptfoo-tests.ts';
import { show } from './show.ts';

const FIELDS = ['prompts', 'providers', 'targets', 'tests', 'defaultTest', 'evaluateOptions', ...HARMLESS_FIELDS];

/** A document without `kind` is promptfoo's when it has one of the fields that only promptfoo has. */
export function looksLikePromptfoo(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || 'kind' in value || 'apiVersion' in value) return false;
  return ['prompts', 'providers', 'targets', 'tests', 'scenarios', 'redteam'].some(field => field in value);
}

/** @returns a plan that is whole only when nothing was reported */
export function readPromptfoo(value: object, file: string, report: Report): SuitePlan {
  const config = value as Record<string, unknown>;
  for (const key of Object.keys(config)) {
    if (FIELDS.includes(key)) continue;
    report(
      [],
      LATER_FIELDS.includes(key) ? notYet(`"${key}" of a promptfoo config`) : unknownFieldMessage(key, FIELDS),
      key,
    );
  }
  readOptions(config['evaluateOptions'], report);
  findTemplates(config, [], report);
  const name = 'targets' in config ? 'targets' : 'providers';
  if ('targets' in config && 'providers' in config)
    report([], 'stands beside `providers`; keep one of them', 'targets');
  if (config[name] === undefined) report([], 'has no `providers`; name one, such as openai:chat:<model> or echo');
  const provider = config[name] === undefined ? undefined : readProvider(config[name], [name], report);
  return {
    name: file,
    file,
    provider: provider ?? { id: 'echo', config: {} },
    cases: readCases(config, report),
    prompts: readPrompts(config['prompts'], ['prompts'], report),
  };
}

function readOptions(value: unknown, report: Report): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object' || Array.isArray(value)) {
    report(['evaluateOptions'], `must be a mapping; found ${show(value)}`);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (HARMLESS_OPTIONS.includes(key)) continue;
    const option = Object.hasOwn(NEUTRAL_OPTIONS, key) ? NEUTRAL_OPTIONS[key] : undefined;
    if (!option)
      report(
        ['evaluateOptions'],
        unknownFieldMessage(key, [...HARMLESS_OPTIONS, ...Object.keys(NEUTRAL_OPTIONS)]),
        key,
      );
    else if (item !== option.neutral)
      report(['evaluateOptions'], `${notYet(`"${key}: ${show(item)}" of evaluateOptions`)}; ${option.instead}`, key);
  }
}

/** promptfoo fills `{{env.NAME}}` and `$ref` in the whole file; only the key of the provider may name a variable here. */
function findTemplates(value: unknown, path: (string | number)[], report: Report): void {
  if (typeof value === 'string') {
    if (/\{\{-?\s*env\s*[.[]/.test(value) && !isKeyFromEnvironment(path, value))
      report(path, notYet('a template that reads the environment'));
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    if (key === '$ref' && typeof item === 'string' && item.startsWith('#'))
      report(path, `${notYet('$ref')}. Use a YAML anchor: &name and *name`, key);
    else findTemplates(item, [...path, key], report);
  }
}
