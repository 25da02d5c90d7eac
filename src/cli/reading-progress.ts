/**
 * How far the reading of a long file is: on a terminal one line that changes, in a log a line every ten seconds. A file
 * that is read at once shows nothing.
 */
import { statSync } from 'node:fs';
import type { Terminal } from './terminal.ts';

/** How much of one file has been read. */
export type OnRead = (lines: number, bytes: number) => void;

const DRAW_EVERY_MS = 100;
const NOTE_EVERY_MS = 10_000;

/** @param nowMs a monotonic clock */
export function readingProgress(
  out: Pick<Terminal, 'isLive' | 'width' | 'draw' | 'note'>,
  nowMs: () => number = () => performance.now(),
): { of(file: string): OnRead; end(): void } {
  let toldMs = nowMs();
  let isDrawn = false;

  function tell(text: string): void {
    const now = nowMs();
    if (now - toldMs < (out.isLive ? DRAW_EVERY_MS : NOTE_EVERY_MS)) return;
    toldMs = now;
    if (!out.isLive) {
      out.note(text);
      return;
    }
    isDrawn = true;
    out.draw([text.slice(0, out.width - 1)]); // a line that wraps could not be taken away again
  }

  return {
    of(file) {
      const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
      return (lines, bytes) => {
        const done = size > 0 ? `${Math.min(100, Math.floor((100 * bytes) / size))} %, ` : '';
        tell(`${done}${lines.toLocaleString('en')} lines: reading ${file}`);
      };
    },
    /** Takes the line away: what follows stands where it stood. */
    end() {
      if (isDrawn) out.draw([]);
      isDrawn = false;
    },
  };
}
