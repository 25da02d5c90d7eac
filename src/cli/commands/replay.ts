/** replay: recorded samples through the live detector, and when it would have decided. Reads one file; calls nothing. */
import { statSync } from 'node:fs';
import type { CommandContext } from '../context.ts';
import { replayFile } from '../replay/replay.ts';
import { replayDocument, replayText } from '../replay/report.ts';
import { settingsOf } from '../replay/settings.ts';
import { splitOf } from '../replay/split.ts';

export interface ReplayCommandOptions {
  pipeline?: string;
  weight?: string[];
  shuffleLabels?: number;
  seed?: number;
}

/** In a log a line every so often; on a terminal one line that changes. */
const NOTE_EVERY_MS = 10_000;

/** @returns 0; 1 when the candidate would have been taken back */
export async function replay(
  file: string,
  options: ReplayCommandOptions,
  { out, signal }: Pick<CommandContext, 'out' | 'signal'>,
): Promise<number> {
  const settings = settingsOf(options.pipeline);
  const split = splitOf(options.weight);
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  let notedMs = performance.now();
  const onProgress = (lines: number, characters: number) => {
    const done = size > 0 ? `${Math.min(100, Math.round((100 * characters) / size))} %, ` : '';
    const text = `reading ${file}: ${done}${lines.toLocaleString('en')} lines`;
    if (out.isLive) out.draw([text]);
    else if (performance.now() - notedMs > NOTE_EVERY_MS) {
      notedMs = performance.now();
      out.note(text);
    }
  };
  const { shuffleLabels: shuffles = 0, seed = 1 } = options;
  const replayed = await replayFile(file, { settings, split, shuffles, seed, signal, onProgress });
  if (out.isLive) out.draw([]);
  out.print(replayText(replayed, settings, out.paint));
  out.printJson(replayDocument(replayed, settings));
  return replayed.decision ? 1 : 0;
}
