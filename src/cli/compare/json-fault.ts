/**
 * Where a text stops being JSON. The language's own parser gives an excerpt instead of a place for most faults; this walks
 * the tokens once more, only after that parser has refused the text.
 */

const SPACE = /[ \t\r\n]*/y;
/** Any character from the space on but the quote and the backslash, or an escape. */
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const NUMBER_OR_WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

const NO_JSON_NUMBER = /-?(?:NaN|Infinity)\b/y;

/** @param cause what the parser of the language threw for this text */
export function faultOf(text: string, cause: unknown): { offset: number; message: string } {
  const offset = faultOffset(text);
  NO_JSON_NUMBER.lastIndex = offset;
  const [word] = NO_JSON_NUMBER.exec(text) ?? [];
  return {
    offset,
    message: `is not JSON: ${word ? `${word} has to stand in quotes: "${word}"` : parserMessage(cause)}`,
  };
}

/** Without the excerpt and the offset, which stand beside the place anyway. */
function parserMessage(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replace(/(, ("|\.\.\.).*is not valid JSON| (in JSON )?at position.*)$/s, '');
}

/** Offset of the first character that cannot stand where it does; the length of the text when it ends too early. */
export function faultOffset(text: string): number {
  const walk = new Walk(text);
  while (walk.step()) {}
  return walk.at;
}

class Walk {
  readonly #text: string;
  readonly #open: string[] = [];
  /** What may come next: a value (or a key and its value), the end of what is open, or a comma. */
  #may = { value: true, close: false, comma: false };
  at: number;

  constructor(text: string) {
    this.#text = text;
    this.at = skip(SPACE, text, text.startsWith('\uFEFF') ? 1 : 0);
  }

  /** @returns whether the next token fits */
  step(): boolean {
    const char = this.#text[this.at];
    const inside = this.#open.at(-1);
    if (inside !== undefined && this.#may.close && char === (inside === '{' ? '}' : ']')) {
      this.#open.pop();
      return this.#pass(this.at + 1, { value: false, close: true, comma: true });
    }
    if (inside !== undefined && this.#may.comma && char === ',')
      return this.#pass(this.at + 1, { value: true, close: false, comma: false });
    return this.#may.value && (inside !== '{' || this.#key()) && this.#value();
  }

  #key(): boolean {
    const may = { value: true, close: false, comma: false };
    if (!this.#pass(skip(STRING, this.#text, this.at), may)) return false;
    return this.#text[this.at] === ':' && this.#pass(this.at + 1, may);
  }

  #value(): boolean {
    const start = this.#text[this.at];
    if (start === '{' || start === '[') {
      this.#open.push(start);
      return this.#pass(this.at + 1, { value: true, close: true, comma: false });
    }
    const scalar = start === '"' ? STRING : NUMBER_OR_WORD;
    return this.#pass(skip(scalar, this.#text, this.at), { value: false, close: true, comma: true });
  }

  #pass(end: number, may: { value: boolean; close: boolean; comma: boolean }): boolean {
    if (end === this.at) return false;
    this.at = skip(SPACE, this.#text, end);
    this.#may = may;
    return true;
  }
}

/** The end of what the pattern finds at this very place, else the place. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
