/**
 * Where a value stands in a JSON text: the parser of the language tells no places, and a bad value in a file of thousands
 * needs one. Walks text that is known to be valid JSON, and only when there is something to report.
 */

export type Path = readonly (string | number)[];

/** 1-based line and column of the value at `path`, or undefined where there is none. */
export function placeOf(text: string, path: Path): { line: number; column: number } | undefined {
  const offset = offsetOf(text, path);
  return offset === undefined ? undefined : placeAt(text, offset);
}

export function placeAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lines = before.split('\n');
  return { line: lines.length, column: lines.at(-1)!.length + 1 };
}

function offsetOf(text: string, path: Path): number | undefined {
  let at = skipSpace(text, 0);
  for (const step of path) {
    const found = typeof step === 'number' ? elementAt(text, at, step) : memberAt(text, at, step);
    if (found === undefined) return undefined;
    at = found;
  }
  return at;
}

function elementAt(text: string, start: number, index: number): number | undefined {
  if (text[start] !== '[') return undefined;
  let at = skipSpace(text, start + 1);
  for (let i = 0; text[at] !== ']'; i++) {
    if (i === index) return at;
    at = skipComma(text, skipValue(text, at));
  }
  return undefined;
}

/** The last member of that name, which is the one the parser kept. */
function memberAt(text: string, start: number, name: string): number | undefined {
  if (text[start] !== '{') return undefined;
  let found: number | undefined;
  let at = skipSpace(text, start + 1);
  while (text[at] !== '}') {
    const keyEnd = skipValue(text, at);
    const value = skipSpace(text, skipSpace(text, keyEnd) + 1);
    if (JSON.parse(text.slice(at, keyEnd)) === name) found = value;
    at = skipComma(text, skipValue(text, value));
  }
  return found;
}

function skipComma(text: string, at: number): number {
  const next = skipSpace(text, at);
  return text[next] === ',' ? skipSpace(text, next + 1) : next;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (' \t\r\n\uFEFF'.includes(text[next] ?? 'x')) next++;
  return next;
}

/** The end of the value that begins here: brackets are counted, strings jumped over. */
function skipValue(text: string, start: number): number {
  let at = start;
  let depth = 0;
  do {
    const char = text[at];
    if (char === undefined) return at;
    if (char === '"') at = stringEnd(text, at);
    else if (char === '{' || char === '[') {
      depth++;
      at++;
    } else if (char === '}' || char === ']') {
      depth--;
      at++;
    } else if (depth > 0) at++;
    else while (!',]} \t\r\n'.includes(text[at] ?? ',')) at++;
  } while (depth > 0);
  return at;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"' && at < text.length) at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}
