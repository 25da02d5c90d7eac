/**
 * A text file line by line, whatever its size: UTF-8, LF or CRLF, a byte order mark left out. Comes in batches, because an
 * await for every line would cost more than the line.
 */
import { createReadStream } from 'node:fs';
import { whyUnreadable } from '../../config/read-file.ts';
import { SpillwayError } from '../../errors.ts';
import type { OnRead } from '../reading-progress.ts';

/** Larger ones cost memory and gain nothing: their lines outlive the young generation. */
const CHUNK_BYTES = 1 << 16;
const LONGEST_LINE = 16 << 20;

export interface Line {
  /** From 1. */
  number: number;
  text: string;
}

export interface LinesOptions {
  /** Ends the reading. */
  signal?: AbortSignal;
  onRead?: OnRead;
}

/** @throws SpillwayError FILE_UNREADABLE; CONFIG_INVALID for bytes that are no UTF-8 and for a line without end; INTERRUPTED */
export async function* linesOf(path: string, { signal, onRead }: LinesOptions = {}): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let number = 0;
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES, ...(signal ? { signal } : {}) })) {
      const texts = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
      rest = texts.pop() ?? '';
      if (rest.length > LONGEST_LINE) throw notReadable(path, number + 1, 'the line has no end');
      bytes += (chunk as Buffer).length;
      onRead?.(number, bytes);
      yield texts.map(text => ({ number: ++number, text: withoutReturn(text) }));
    }
    rest += decoder.decode();
    if (rest !== '') yield [{ number: ++number, text: withoutReturn(rest) }];
  } catch (cause) {
    if (cause instanceof SpillwayError) throw cause;
    if (signal?.aborted) throw new SpillwayError('INTERRUPTED', `Reading ${path} was interrupted.`, { cause });
    if (cause instanceof TypeError) throw notReadable(path, number + 1, 'is not UTF-8 text; save it as UTF-8');
    throw new SpillwayError('FILE_UNREADABLE', `Cannot read ${path}: ${whyUnreadable(cause)}`, { cause });
  }
}

function withoutReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}

function notReadable(file: string, line: number, message: string): SpillwayError {
  return new SpillwayError('CONFIG_INVALID', `1 problem in ${file}`, {
    problems: [{ file, line, path: '', message }],
    hint: 'Write the samples as JSON, JSON Lines or CSV in UTF-8.',
  });
}
