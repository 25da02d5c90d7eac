/** The provider of a promptfoo config, in each of the forms in which people write it. Exactly one: a suite compares versions, not models. */
import { check, type Report, unknownFieldMessage } from './check.ts';
import type { ProviderPlan } from './plan.ts';
import { notYet } from './promptfoo-prompts.ts';
import { PROVIDER_ID, ProviderConfig } from './provider.ts';
import { show } from './show.ts';
import type { Path } from './source.ts';

const FIELDS = ['id', 'label', 'config'];
const LATER = ['prompts', 'transform', 'delay', 'env', 'inputs'];
const ENV_ONLY = /^\s*\{\{\s*env(?:\.([A-Za-z_]\w*)|\[\s*['"]([A-Za-z_]\w*)['"]\s*\])\s*\}\}\s*$/;
/** `openai:<model>` means the chat API for these models; some with these prefixes are served by another API. */
const CHAT_MODEL = /^openai:((gpt-3\.5-turbo|gpt-4|gpt-5|chatgpt-|o1|o3|o4)[\w.-]*)$/;
const OTHER_API = /instruct|codex|-pro|realtime|audio|deep-research|image|transcribe|tts|search/;

export function readProvider(value: unknown, path: Path, report: Report): ProviderPlan | undefined {
  if (!Array.isArray(value)) return readOne(value, path, report);
  if (value.length === 1) return readOne(value[0], [...path, 0], report);
  if (value.length === 0) report(path, 'is empty; name one provider');
  else
    report(
      [...path, 1],
      `${value.length} providers are listed; name one. A suite compares versions of a prompt on one provider`,
    );
  return undefined;
}

function readOne(value: unknown, path: Path, report: Report): ProviderPlan | undefined {
  if (typeof value === 'string') return withId(value, undefined, {}, path, report);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(path, `must be a provider such as openai:chat:<model> or echo; found ${show(value)}`);
    return undefined;
  }
  const fields = value as Record<string, unknown>;
  const [only = ''] = Object.keys(fields);
  if (!('id' in fields) && Object.keys(fields).length === 1 && only.includes(':')) {
    const inner = fields[only] ?? {};
    if (typeof inner === 'object' && !Array.isArray(inner)) {
      const { id = only } = inner as { id?: unknown };
      return readFields({ ...inner, id }, [...path, only], report);
    }
  }
  return readFields(fields, path, report);
}

function readFields(fields: Record<string, unknown>, path: Path, report: Report): ProviderPlan | undefined {
  for (const key of Object.keys(fields)) {
    if (FIELDS.includes(key) || (key === 'delay' && fields[key] === 0)) continue;
    report(path, LATER.includes(key) ? notYet(`"${key}" of a provider`) : unknownFieldMessage(key, FIELDS), key);
  }
  const { id, label, config } = fields;
  if (label !== undefined && typeof label !== 'string')
    report([...path, 'label'], `must be text; found ${show(label)}`);
  if (typeof id !== 'string') {
    report([...path, 'id'], `must be a provider such as openai:chat:<model> or echo; found ${show(id)}`);
    return undefined;
  }
  const idPath = path.at(-1) === id ? path : [...path, 'id'];
  return withId(id, typeof label === 'string' ? label : undefined, readConfig(config, path, report), idPath, report);
}

function withId(
  id: string,
  label: string | undefined,
  config: ProviderPlan['config'],
  path: Path,
  report: Report,
): ProviderPlan | undefined {
  const known = knownId(id);
  if (known === undefined) {
    report(
      path,
      `provider ${show(id)} is not supported in this version (NOT_SUPPORTED); use openai:chat:<model>, with apiBaseUrl for any OpenAI-compatible endpoint, or echo`,
    );
    return undefined;
  }
  return { id: known, ...(label === undefined ? {} : { label }), config };
}

function knownId(id: string): string | undefined {
  if (PROVIDER_ID.test(id)) return id;
  const model = CHAT_MODEL.exec(id)?.[1];
  return model !== undefined && !OTHER_API.test(model) ? `openai:chat:${model}` : undefined;
}

/** `apiKey: "{{env.NAME}}"` becomes the name of the variable, so that the key itself never enters the plan. */
function readConfig(config: unknown, path: Path, report: Report): ProviderPlan['config'] {
  if (config === undefined || config === null) return {};
  let value = config;
  if (typeof config === 'object' && 'apiKey' in config) {
    const { apiKey, ...rest } = config as { apiKey: unknown; apiKeyEnvar?: unknown };
    const found = typeof apiKey === 'string' ? ENV_ONLY.exec(apiKey) : undefined;
    if (found) value = { ...rest, apiKeyEnvar: rest.apiKeyEnvar ?? found[1] ?? found[2] };
  }
  return (check(ProviderConfig, value, report, { base: [...path, 'config'] }) ?? {}) as ProviderPlan['config'];
}

/** True where a template may name an environment variable. */
export function isKeyFromEnvironment(path: Path, text: string): boolean {
  return path.at(-1) === 'apiKey' && path.at(-2) === 'config' && ENV_ONLY.test(text);
}
