/**
 * Measures a YAML text before it is parsed. The parser builds trees without limits: five megabytes of opening brackets
 * take it minutes and all memory. Reading its tokens alone is linear, and stops at the first limit.
 */
import { Lexer } from 'yaml';

const MAX_DEPTH = 100;
/** The parser looks for the anchor of each from the start of the file: this many take it a second. */
const MAX_ALIASES = 10_000;
/** Some 30,000 test cases; parsed they take two seconds and half a gigabyte. */
const MAX_TOKENS = 1_500_000;
/** Each has a cost of its own, however empty. */
const MAX_DOCUMENTS = 1_000;
/** The lexer puts it before the text of a scalar. */
const SCALAR = '\u001f';
const FLOW_STEP = new Map([
  ['[', 1],
  ['{', 1],
  [']', -1],
  ['}', -1],
]);

/** Why the text is not parsed, or undefined. Depth by indentation needs no limit: its text grows with the square of the depth. */
export function limitProblem(text: string): string | undefined {
  const problemAfter = makeMeter();
  let tokens = 0;
  let before = '';
  for (const token of new Lexer().lex(text)) {
    if (++tokens > MAX_TOKENS) return 'holds more values than are read in one file; split it';
    const problem = before === SCALAR ? undefined : problemAfter(token);
    if (problem) return problem;
    before = token;
  }
  return undefined;
}

const MANY_DOCUMENTS = `holds more than ${MAX_DOCUMENTS.toLocaleString('en')} documents; split it`;

/** Counts what the marks among the tokens open and close; the text of scalars must not come here. */
function makeMeter(): (token: string) => string | undefined {
  let flowDepth = 0;
  let itemsInLine = 0;
  let aliases = 0;
  let documents = 0;
  return token => {
    flowDepth = Math.max(0, flowDepth + (FLOW_STEP.get(token) ?? 0));
    if (token === '-' || token === '?') itemsInLine++;
    else if (token === '\n' || token === '\r\n') itemsInLine = 0;
    else if (token.startsWith('*')) aliases++;
    else if (token === '---' && ++documents > MAX_DOCUMENTS) return MANY_DOCUMENTS;
    if (flowDepth > MAX_DEPTH || itemsInLine > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
    return aliases > MAX_ALIASES ? `uses more than ${MAX_ALIASES.toLocaleString('en')} aliases; split it` : undefined;
  };
}
