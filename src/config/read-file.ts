/** Reads a document from disk: regular files of at most 5 MiB that hold UTF-8 text. */
import { readFileSync, statSync } from 'node:fs';
import { SpillwayError } from '../errors.ts';
import { MAX_FILE_BYTES } from './parse-text.ts';

/** Returns the text of a file, or throws. Replaced in tests. */
export type ReadText = (path: string) => string;

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'there is no permission to read it',
  EPERM: 'there is no permission to read it',
  ELOOP: 'its links go in a circle',
  ENAMETOOLONG: 'the name is too long',
};

/** @throws SpillwayError FILE_UNREADABLE; CONFIG_INVALID when it is too large or no UTF-8 text */
export const readTextFile: ReadText = path => {
  const bytes = readBytes(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const message = 'is not UTF-8 text; save it as UTF-8';
    throw new SpillwayError('CONFIG_INVALID', `1 problem in ${path}`, {
      cause,
      problems: [{ file: path, path: '', message }],
    });
  }
};

function readBytes(path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size <= MAX_FILE_BYTES) return readFileSync(path);
    const message = `is ${size} bytes long; at most ${MAX_FILE_BYTES} (5 MiB) are read`;
    throw new SpillwayError('CONFIG_INVALID', `1 problem in ${path}`, {
      problems: [{ file: path, path: '', message }],
    });
  } catch (cause) {
    if (cause instanceof SpillwayError) throw cause;
    throw new SpillwayError('FILE_UNREADABLE', `Cannot read ${path}: ${whyUnreadable(cause)}`, { cause });
  }
}

/** A sentence part, without the path. */
export function whyUnreadable(error: unknown): string {
  const inner = error instanceof SpillwayError && error.cause !== undefined ? error.cause : error;
  const { code } = inner as { code?: unknown };
  if (typeof code === 'string' && code in REASONS) return REASONS[code]!;
  return inner instanceof Error ? inner.message : String(inner);
}
