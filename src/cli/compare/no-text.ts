/** Bytes that are no UTF-8 text: where they stop being text, and what they probably are, so that a user knows what to do. */
export interface NoText {
  /** From 1, within the given bytes. */
  line: number;
  column: number;
  message: string;
}

/** Undefined for UTF-8 text. Whole lines (or the last one) only, so that no character is cut. */
export function noTextIn(bytes: Uint8Array, isStart: boolean): NoText | undefined {
  const kind = isStart ? kindOf(bytes) : undefined;
  if (kind !== undefined) return { line: 1, column: 1, message: kind };
  const nul = bytes.indexOf(0);
  if (nul >= 0) return { ...placeAt(bytes, nul), message: 'holds a NUL byte: this is no text' };
  const bad = badByteIn(bytes);
  if (bad === undefined) return undefined;
  const shown = bytes[bad]!.toString(16).padStart(2, '0').toUpperCase();
  return { ...placeAt(bytes, bad), message: `is not UTF-8 text (byte 0x${shown}); save it as UTF-8` };
}

function kindOf([first, second]: Uint8Array): string | undefined {
  if (first === 0x1f && second === 0x8b) return 'is compressed (gzip); unpack it first';
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return 'is UTF-16 text; save it as UTF-8';
  return undefined;
}

/** Only after a decoder has refused the bytes: character by character is slow. */
function badByteIn(bytes: Uint8Array): number | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const isText = (from: number, to: number) => {
    try {
      decoder.decode(bytes.subarray(from, to));
      return true;
    } catch {
      return false;
    }
  };
  if (isText(0, bytes.length)) return undefined;
  let from = 0;
  for (let end = bytes.indexOf(10); end >= 0 && isText(from, end); end = bytes.indexOf(10, from)) from = end + 1;
  let at = from;
  while (at < bytes.length) {
    const length = [1, 2, 3, 4].find(size => at + size <= bytes.length && isText(at, at + size));
    if (length === undefined) break;
    at += length;
  }
  return at;
}

/** Columns count UTF-16 units, as those of every other problem. */
function placeAt(bytes: Uint8Array, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf(10); end >= 0 && end < offset; end = bytes.indexOf(10, start)) {
    line++;
    start = end + 1;
  }
  return { line, column: new TextDecoder().decode(bytes.subarray(start, offset)).length + 1 };
}
