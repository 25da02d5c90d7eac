/**
 * A text file line by line, whatever its size: UTF-8, LF or CRLF, a byte order mark left out. Comes in batches, because an
 * await for every line would cost more than the line.
 */
import { createReadStream, statSync } from 'node:fs';
import { whyUnreadable } from '../../config/read-file.ts';
import { SpillwayError } from '../../errors.ts';
import type { OnRead } from '../reading-progress.ts';
import { noTextIn } from './no-text.ts';

/** Larger ones cost memory and gain nothing: their lines outlive the young generation. */
const CHUNK_BYTES = 1 << 16;
const LONGEST_LINE_BYTES = 16 << 20;
const NEW_LINE = 10;

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
  const decode = lineDecoder(path);
  /** Of a line whose end has not come yet: whole lines are decoded, so that no character is cut. */
  let rest: Buffer[] = [];
  let restBytes = 0;
  let bytes = 0;
  refuseNamedPipe(path);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES, ...(signal ? { signal } : {}) })) {
      const found = chunk as Buffer;
      bytes += found.length;
      const end = found.lastIndexOf(NEW_LINE) + 1;
      const whole = end === 0 ? [] : decode([...rest, found.subarray(0, end - 1)]);
      if (end > 0) [rest, restBytes] = [[], 0];
      rest.push(found.subarray(end));
      restBytes += found.length - end;
      if (restBytes > LONGEST_LINE_BYTES) throw decode.refused('the line has no end');
      onRead?.(decode.lines(), bytes);
      yield whole;
    }
    if (restBytes > 0) yield decode(rest);
  } catch (cause) {
    if (cause instanceof SpillwayError) throw cause;
    if (signal?.aborted) throw new SpillwayError('INTERRUPTED', `Reading ${path} was interrupted.`, { cause });
    throw new SpillwayError('FILE_UNREADABLE', `Cannot read ${path}: ${whyUnreadable(cause)}`, { cause });
  }
}

/** Opening one waits for a writer, for ever if none comes, and cannot be interrupted. What a shell hands over has one. */
function refuseNamedPipe(path: string): void {
  if (/^\/(dev|proc)\//.test(path) || !statSync(path, { throwIfNoEntry: false })?.isFIFO()) return;
  throw new SpillwayError('FILE_UNREADABLE', `Cannot read ${path}: it is a named pipe; write it to a file first`);
}

function lineDecoder(file: string) {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  const refused = (message: string, line = 1, column?: number) =>
    new SpillwayError('CONFIG_INVALID', `1 problem in ${file}`, {
      problems: [{ file, line: number + line, ...(column === undefined ? {} : { column }), path: '', message }],
      hint: 'Write the samples as JSON, JSON Lines or CSV in UTF-8.',
    });
  const decode = (parts: readonly Buffer[]): Line[] => {
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    let text: string;
    try {
      if (bytes.includes(0)) throw new TypeError('NUL');
      text = decoder.decode(bytes);
    } catch {
      const { message, line, column } = noTextIn(bytes, number === 0)!;
      throw refused(message, line, column);
    }
    return text.split('\n').map(line => ({ number: ++number, text: withoutReturn(line) }));
  };
  return Object.assign(decode, { refused, lines: () => number });
}

function withoutReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
