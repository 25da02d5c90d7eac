/**
 * Text to values that remember where they stood: YAML 1.2 (JSON is a part of it), several documents in a file. Refuses what
 * would change meaning in silence (duplicate keys, unknown tags, integers that do not fit, NaN) and what would exhaust the
 * machine (alias bombs, deep nesting, large files). Knows nothing of what the documents mean.
 */
import { type Document, LineCounter, parseAllDocuments, type YAMLError } from 'yaml';
import type { Problem } from '../errors.ts';
import { duplicateKeys } from './duplicate-keys.ts';
import { offsetOf } from './positions.ts';
import { show } from './show.ts';
import type { Source } from './source.ts';
import { valueProblems } from './value-problems.ts';
import { limitProblem } from './yaml-limits.ts';

export interface ParsedText {
  sources: Source[];
  problems: Problem[];
}

export const MAX_FILE_BYTES = 5 * 1024 * 1024;
const MAX_ALIASES = 100_000;
const MAX_SYNTAX_PROBLEMS = 20;
const TOO_DEEP = 'is nested too deep to be read';

/** Never throws: what is wrong with the text is in `problems`, and then `sources` may be short. */
export function parseText(text: string, file: string): ParsedText {
  const flaw = textFlaw(text) ?? limitProblem(text);
  if (flaw) return { sources: [], problems: [{ file, path: '', message: flaw }] };
  const lines = new LineCounter();
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const found: ParsedText = { sources: [], problems: [] };
  try {
    const documents = parseAllDocuments(text, {
      lineCounter: lines,
      merge: true,
      uniqueKeys: false,
      stringKeys: true,
      prettyErrors: false,
      logLevel: 'silent',
    });
    for (const document of Array.isArray(documents) ? documents : []) {
      const flaws = [...document.errors, ...document.warnings];
      found.problems.push(...syntaxProblems(flaws, place, file));
      if (flaws.length === 0 && document.contents !== null) addSource(document as Document, place, file, found);
    }
  } catch (error) {
    found.problems.push({ file, path: '', message: parserMessage(error) });
  }
  return found;
}

/** A document that came as JSON: no positions. */
export function sourceOfValue(value: unknown, file: string): ParsedText {
  const source: Source = { file, value, positionOf: () => undefined };
  const problems = valueProblems(source);
  return { sources: problems.length > 0 ? [] : [source], problems };
}

function textFlaw(text: string): string | undefined {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_FILE_BYTES) return `is ${bytes} bytes long; at most ${MAX_FILE_BYTES} (5 MiB) are read`;
  if (text.includes('\u0000')) return 'is a binary file; documents are YAML or JSON text in UTF-8';
  if (text.trim() === '') return 'is empty; a document needs at least apiVersion, kind, metadata and spec';
  return undefined;
}

type Place = (offset: number) => { line: number; column: number };

function addSource(document: Document, place: Place, file: string, found: ParsedText): void {
  for (const { key, firstAt, at } of duplicateKeys(document).slice(0, MAX_SYNTAX_PROBLEMS)) {
    const message = `the key ${show(key)} stands twice in one mapping, first in line ${place(firstAt).line}; keep one`;
    found.problems.push({ file, ...place(at), path: '', message });
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    found.problems.push({
      file,
      ...place(document.contents?.range?.[0] ?? 0),
      path: '',
      message: parserMessage(error),
    });
    return;
  }
  const source: Source = {
    file,
    value,
    positionOf: (path, key) => {
      const offset = offsetOf(document, path, key);
      return offset === undefined ? undefined : place(offset);
    },
  };
  const problems = valueProblems(source);
  if (problems.length > 0) found.problems.push(...problems);
  else found.sources.push(source);
}

/** One problem a place: what follows from a mistake is not told again. */
function syntaxProblems(flaws: readonly YAMLError[], place: Place, file: string): Problem[] {
  const problems = new Map<number, Problem>();
  for (const { code, message, pos } of flaws) {
    if (/stack/i.test(message)) return [{ file, path: '', message: TOO_DEEP }];
    if (problems.has(pos[0]) || problems.size === MAX_SYNTAX_PROBLEMS) continue;
    problems.set(pos[0], {
      file,
      ...place(pos[0]),
      path: '',
      message: syntaxMessage(code, message),
    });
  }
  return [...problems.values()];
}

function syntaxMessage(code: string, message: string): string {
  // The parser quotes the token it met: that may be a key or a password.
  const plain = message.replace(/: ".*$/s, '').replace(/\s+/g, ' ');
  return `${code === 'TAG_RESOLVE_FAILED' ? 'a tag is not known here' : 'is not valid YAML'}: ${plain}`;
}

function parserMessage(error: unknown): string {
  if (error instanceof ReferenceError && /alias count/i.test(error.message))
    return `its aliases expand to more than ${MAX_ALIASES.toLocaleString('en')} copies; write the values out or use fewer aliases`;
  if (error instanceof ReferenceError) return 'an alias names an anchor that is not set before it';
  if (error instanceof RangeError) return TOO_DEEP;
  return 'cannot be read as YAML or JSON';
}
