/**
 * Nunjucks with its teeth drawn, behind this one file: templates come from documents, and stock nunjucks runs any
 * JavaScript they hold. Names and members resolve to own properties of data only, functions have no members, loops, calls
 * and sizes have a budget, and only checked syntax is compiled.
 * Do not use nunjucks elsewhere in this process: its runtime object is changed here.
 */
import nunjucks from 'nunjucks';
import { beginBudget, bounded, spend, TEXT_MAX, touch } from './template-budget.ts';
import { checkTemplateSyntax } from './template-syntax.ts';

const RANGE_MAX = 10_000;
const TEMPLATES_MAX = 2_000;
/** Filters that allocate as much as their number says. */
const SIZED = new Set(['batch', 'center', 'indent', 'slice']);
/** Filters whose own regular expressions need the square of the text's length in steps. */
const SQUARE = new Set(['striptags', 'urlize']);
const SQUARE_TEXT_MAX = 10_000;
const DENIED = new Set(['constructor', '__proto__', 'prototype', 'call', 'apply', 'bind']);

type Anything = (...args: unknown[]) => unknown;
interface Lookup {
  lookup(name: string): unknown;
}
interface Runtime {
  memberLookup: (target: unknown, key: unknown) => unknown;
  contextOrFrameLookup: (context: { ctx: object }, frame: Lookup, name: string) => unknown;
  fromIterator: (items: unknown) => unknown;
  callWrap: (callee: unknown, name: string, context: unknown, args: unknown[]) => unknown;
}
interface Engine {
  globals: Record<string, unknown>;
  filters: Record<string, Anything>;
}

const runtime = (nunjucks as unknown as { runtime: Runtime }).runtime;
// An empty list of loaders: without one, nunjucks reads files of the working folder.
const environment = new nunjucks.Environment([], { autoescape: false });
const engine = environment as unknown as Engine;
const compiled = new Map<string, { render(vars: object): string }>();

/**
 * The text with its variables filled in; undefined variables are empty.
 * @throws Error one line: what the template did wrong
 */
export function renderText(text: string, vars: object): string {
  if (!text.includes('{{') && !text.includes('{%') && !text.includes('{#')) return text;
  try {
    beginBudget(text);
    const rendered = templateOf(text).render(vars);
    return bounded(rendered ?? '', 'the result');
  } catch (error) {
    throw new Error(`template: ${firstLineOf(error)}`);
  }
}

function templateOf(text: string): { render(vars: object): string } {
  const known = compiled.get(text);
  if (known) return known;
  checkTemplateSyntax(text);
  const made = new nunjucks.Template(text, environment, undefined, true);
  if (compiled.size >= TEMPLATES_MAX) compiled.clear();
  compiled.set(text, made);
  return made;
}

/** Nunjucks puts "(unknown path)" before the cause and, at times, the cause on a line of its own. */
function firstLineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replaceAll('(unknown path)', '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/(?:Template render error|Error): /g, '')
    .trim();
}

runtime.memberLookup = (target, key) => {
  if (target === undefined || target === null || typeof target === 'function') return undefined;
  const name = typeof key === 'number' ? key : String(key);
  if (DENIED.has(String(name)) || !Object.hasOwn(target, name)) return undefined;
  return (target as Record<string | number, unknown>)[name];
};

runtime.contextOrFrameLookup = (context, frame, name) => {
  if (DENIED.has(name)) return undefined;
  let value = frame.lookup(name);
  if (value === undefined) value = own(Object.hasOwn(context.ctx, name) ? context.ctx : engine.globals, name);
  touch(value);
  return value;
};

function own(holder: object, name: string): unknown {
  return Object.hasOwn(holder, name) ? (holder as Record<string, unknown>)[name] : undefined;
}

const { fromIterator, callWrap } = runtime;
runtime.fromIterator = items => {
  const list = fromIterator(items);
  touch(list);
  if (typeof list === 'string' || Array.isArray(list)) spend(list.length + 1);
  else if (typeof list === 'object' && list !== null) spend(Object.keys(list).length + 1);
  return list;
};
runtime.callWrap = (callee, name, context, args) => {
  args.forEach(touch);
  spend(1);
  return callWrap(callee, name, context, args);
};

const { range } = engine.globals as { range: (...bounds: number[]) => number[] };
engine.globals['range'] = (start: number, stop?: number, step?: number): number[] => {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const count = Math.ceil((to - from) / (step || 1));
  if (!(count <= RANGE_MAX)) throw new Error(`range() gives at most ${RANGE_MAX} numbers`);
  return range(from, to, step || 1);
};

// The original looks for the end anew from every space.
engine.filters['trim'] = text => String(text ?? '').trim();

for (const [name, filter] of Object.entries(engine.filters)) {
  engine.filters[name] = function (this: unknown, ...args: unknown[]) {
    spend(1);
    for (const arg of args) {
      bounded(arg, `what the filter "${name}" is given`, SQUARE.has(name) ? SQUARE_TEXT_MAX : TEXT_MAX);
      touch(arg);
      if (typeof arg === 'number' && SIZED.has(name) && arg > RANGE_MAX) {
        throw new Error(`the filter "${name}" takes at most ${RANGE_MAX}`);
      }
    }
    return bounded(filter.apply(this, args), `what the filter "${name}" gives`);
  };
}
