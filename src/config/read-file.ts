/** Reads a document from disk: at most 5 MiB of UTF-8 text, also from a pipe or a device, which tell no size. */
import { closeSync, openSync, readSync } from 'node:fs';
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
    const bytes = readUpTo(path, MAX_FILE_BYTES + 1);
    if (bytes.length <= MAX_FILE_BYTES) return bytes;
    const message = `is too long; at most ${MAX_FILE_BYTES} (5 MiB) bytes are read`;
    throw new SpillwayError('CONFIG_INVALID', `1 problem in ${path}`, {
      problems: [{ file: path, path: '', message }],
    });
  } catch (cause) {
    if (cause instanceof SpillwayError) throw cause;
    throw new SpillwayError('FILE_UNREADABLE', `Cannot read ${path}: ${whyUnreadable(cause)}`, { cause });
  }
}

function readUpTo(path: string, limit: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let left = limit; left > 0; ) {
      const chunk = Buffer.allocUnsafe(Math.min(left, 65_536));
      const got = readSync(file, chunk);
      if (got === 0) break;
      chunks.push(chunk.subarray(0, got));
      left -= got;
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(file);
  }
}

/** A sentence part, without the path. */
export function whyUnreadable(error: unknown): string {
  const inner = error instanceof SpillwayError && error.cause !== undefined ? error.cause : error;
  const { code } = inner as { code?: unknown };
  if (typeof code === 'string' && code in REASONS) return REASONS[code]!;
  return inner instanceof Error ? inner.message : String(inner);
}
