/**
 * Fills a prompt's variables in. Strings inside a chat array written as JSON are rendered one by one, so that quotes and
 * line breaks in a variable cannot break the JSON or smuggle in a message.
 */
import type { Json, PromptSpec } from '../config/plan.ts';
import type { RenderedMessage, RenderedPrompt } from './call.ts';
import { renderText } from './template-engine.ts';

export type Vars = { [name: string]: Json };

/** @throws Error one line: what is wrong with the template */
export function renderPrompt(spec: PromptSpec, vars: Vars): RenderedPrompt {
  const filled = expandVars(vars);
  return {
    messages: spec.messages
      ? spec.messages.map(({ role, content }) => ({ role, content: renderText(content, filled) }))
      : renderTemplate(spec.template ?? '', filled),
    ...(spec.model === undefined ? {} : { model: spec.model }),
    ...(spec.parameters === undefined ? {} : { parameters: spec.parameters }),
  };
}

/** A grader's value: every string in it, however deep, is rendered. */
export function renderValue(value: Json, vars: Vars): Json {
  if (typeof value === 'string') return renderText(value, vars);
  if (Array.isArray(value)) return value.map(item => renderValue(item, vars));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renderValue(item, vars)]));
}

/** Variables may use one another, once: a string that names another variable in `{{ }}` is rendered with the others. */
export function expandVars(vars: Vars): Vars {
  let expanded = vars;
  for (const [name, value] of Object.entries(vars)) {
    if (typeof value !== 'string' || !namesVariable(value, vars)) continue;
    if (expanded === vars) expanded = { ...vars };
    expanded[name] = renderText(value, vars);
  }
  return expanded;
}

function namesVariable(text: string, vars: Vars): boolean {
  if (!text.includes('{{')) return false;
  return [...text.matchAll(/\{\{-?\s*([\p{L}_$][\p{L}\p{N}_$]*)/gu)].some(match => Object.hasOwn(vars, match[1]!));
}

function renderTemplate(template: string, vars: Vars): RenderedMessage[] {
  // Only a template that is written as an array may become one: a variable that holds JSON stays text.
  if (template.trimStart().startsWith('[')) {
    const chat = chatOf(template);
    if (chat) return chat.map(message => renderValue(message, vars) as RenderedMessage);
    const rendered = renderText(template, vars);
    return chatOf(rendered) ?? [{ role: 'user', content: rendered }];
  }
  return [{ role: 'user', content: renderText(template, vars) }];
}

const chats = new Map<string, RenderedMessage[] | undefined>();

function chatOf(text: string): RenderedMessage[] | undefined {
  if (chats.has(text)) return chats.get(text);
  if (chats.size >= 100) chats.clear();
  const chat = parseChat(text);
  chats.set(text, chat);
  return chat;
}

function parseChat(text: string): RenderedMessage[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const isChat = Array.isArray(parsed) && parsed.length > 0 && parsed.every(isMessage);
  return isChat ? (parsed as RenderedMessage[]) : undefined;
}

function isMessage(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'role' in item && typeof item.role === 'string';
}
