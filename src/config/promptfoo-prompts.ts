/**
 * The prompts of a promptfoo config that stand in the file itself. Prompts in other files, from scripts or from services
 * are refused by name; a text that looks like a path is never quietly sent to a model as text.
 */
import { type Report, unknownFieldMessage } from './check.ts';
import type { Message, PromptSpec } from './plan.ts';
import { show } from './show.ts';
import type { Path } from './source.ts';

const SERVICE = /^(file|exec|langfuse|portkey|helicone|package|https?|huggingface|python):/;
const FILE = /^[^\s{}]+\.(txt|json|jsonl|ya?ml|md|j2|csv|[cm]?[jt]s|py|sh|rb|pl|exe|bat|go)(:\w+)?$/;
const GLOB = /^[^\s{}]*[\\/][^\s{}]*\*[^\s{}]*$|^\*\.\w+$/;
const OBJECT_FIELDS = ['raw', 'id', 'label'];

export function readPrompts(value: unknown, path: Path, report: Report): PromptSpec[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return present([readText(value, path, report)]);
  if (Array.isArray(value)) return present(value.map((item, index) => readPrompt(item, [...path, index], report)));
  if (typeof value === 'object' && value !== null)
    report(path, 'a mapping of files to labels is not supported in this version; write the prompts here, as a list');
  else report(path, `must be a text or a list of prompts; found ${show(value)}`);
  return [];
}

function readPrompt(item: unknown, path: Path, report: Report): PromptSpec | undefined {
  if (typeof item === 'string') return readText(item, path, report);
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    report(path, `must be a text or { raw, label }; found ${show(item)}`);
    return undefined;
  }
  for (const key of Object.keys(item)) {
    if (OBJECT_FIELDS.includes(key)) continue;
    if (['config', 'display', 'function'].includes(key)) report(path, notYet(`"${key}" of a prompt`), key);
    else report(path, unknownFieldMessage(key, OBJECT_FIELDS), key);
  }
  const { raw, id } = item as { raw?: unknown; id?: unknown };
  const text = raw ?? id;
  if (typeof text === 'string') return readText(text, [...path, raw === undefined ? 'id' : 'raw'], report);
  report(path, 'needs `raw`, the text of the prompt');
  return undefined;
}

function readText(text: string, path: Path, report: Report): PromptSpec | undefined {
  const trimmed = text.trim();
  if (trimmed === '') report(path, 'must not be empty');
  else if (SERVICE.test(trimmed) || FILE.test(trimmed) || GLOB.test(trimmed))
    report(path, `${show(trimmed)} names a file or a service; ${notYet('a prompt from there')}. Write its text here`);
  else if (trimmed.startsWith('- role:'))
    report(path, `${notYet('a chat written as YAML inside a text')}. Write it as a JSON array`);
  else if (trimmed.startsWith('{') && isJson(trimmed))
    report(path, `${notYet('a prompt that is a JSON object')}. Write the messages as a JSON array`);
  else return trimmed.startsWith('[') ? readChat(text) : { template: text };
  return undefined;
}

/** A chat of plain messages; any other text that starts with a bracket is a template, which is filled first and read then. */
function readChat(text: string): PromptSpec {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { template: text };
  }
  const isPlain = Array.isArray(parsed) && parsed.length > 0 && parsed.every(isPlainMessage);
  return isPlain ? { messages: parsed as Message[] } : { template: text };
}

function isPlainMessage(item: unknown): boolean {
  if (typeof item !== 'object' || item === null || Object.keys(item).length !== 2) return false;
  const { role, content } = item as { role?: unknown; content?: unknown };
  return typeof role === 'string' && typeof content === 'string';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function present(prompts: (PromptSpec | undefined)[]): PromptSpec[] {
  return prompts.filter(prompt => prompt !== undefined);
}

export function notYet(what: string): string {
  return `${what} is not supported in this version of Spillway (NOT_SUPPORTED)`;
}
