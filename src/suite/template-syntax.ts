/**
 * Decides which templates may be compiled at all. Nunjucks turns a template into JavaScript and pastes the names of loop
 * variables, assignments, macros and tests into it unescaped: `{% set 'x",1);code;("' = 1 %}` runs `code`. So the parsed
 * template is checked against a list of what is allowed, and every name must be an identifier. No loading of other
 * templates, no asynchronous tags, no regular expressions (they can take for ever).
 */
import nunjucks from 'nunjucks';

interface SyntaxNode {
  typename: string;
  fields: string[];
  [field: string]: unknown;
}

const { parser } = nunjucks as unknown as {
  parser: { parse(source: string, extensions: unknown[], options: object): SyntaxNode };
};

const ALLOWED = new Set(
  (
    'Root NodeList Literal Symbol Group Array Pair Dict Output Capture TemplateData If InlineIf For Macro Caller FunCall ' +
    'Filter KeywordArgs Set Switch Case LookupVal In Is Or And Not Add Concat Sub Mul Div FloorDiv Mod Pow Neg Pos ' +
    'Compare CompareOperand'
  ).split(' '),
);

/** Fields whose value is pasted into code as a name. */
const NAMES: Record<string, string> = { For: 'name', Set: 'targets', Macro: 'name', Filter: 'name', Is: 'right' };
const IDENTIFIER = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;

/** @throws Error what is wrong, with its line */
export function checkTemplateSyntax(source: string): void {
  checkNode(parse(source));
}

function parse(source: string): SyntaxNode {
  try {
    return parser.parse(source, [], {});
  } catch (error) {
    const { message, lineno } = error as { message: string; lineno?: number };
    throw new Error(lineno === undefined ? message : `${message} (line ${lineno})`);
  }
}

function checkNode(value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) checkNode(item);
    return;
  }
  if (!isNode(value)) return;
  if (!ALLOWED.has(value.typename)) refuse(value, `the tag or expression "${value.typename}" is not supported`);
  if (value.typename === 'Symbol') checkName(value);
  if (value.typename === 'Literal' && value['value'] instanceof RegExp) {
    refuse(value, 'regular expressions are not supported');
  }
  const nameField = NAMES[value.typename];
  if (nameField !== undefined) checkNames(value[nameField]);
  if (value.typename === 'Macro' || value.typename === 'Caller') checkParameters(value['args']);
  for (const field of value.fields) checkNode(value[field]);
}

/** One name, several, or a test with arguments (`is divisibleby(3)`). */
function checkNames(value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) checkNames(item);
  } else if (isNode(value)) {
    if (value.typename === 'Array' || value.typename === 'NodeList') checkNames(value['children']);
    else if (value.typename === 'FunCall') checkNames(value['name']);
    else checkName(value);
  }
}

function checkParameters(list: unknown): void {
  if (!isNode(list)) return;
  for (const parameter of list['children'] as unknown[]) {
    if (!isNode(parameter)) continue;
    if (parameter.typename !== 'KeywordArgs') checkName(parameter);
    else for (const pair of parameter['children'] as SyntaxNode[]) checkName(pair['key'] as SyntaxNode);
  }
}

function checkName(node: SyntaxNode): void {
  const name = node['value'];
  if (node.typename === 'Symbol' && typeof name === 'string' && IDENTIFIER.test(name)) return;
  // `none` and its kin are literals where a test's name stands.
  if (node.typename === 'Literal' && (name === null || name === true || name === false)) return;
  refuse(node, `${JSON.stringify(name ?? node.typename)} is not a name`);
}

function refuse(node: SyntaxNode, why: string): never {
  const line = typeof node['lineno'] === 'number' ? ` (line ${node['lineno'] + 1})` : '';
  throw new Error(`${why}${line}`);
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'typename' in value && 'fields' in value;
}
