/** replay: recorded samples through the live detector, and when it would have decided. Reads one file; calls nothing. */
import type { CommandContext } from '../context.ts';
import { readingProgress } from '../reading-progress.ts';
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

/** @returns 0; 1 when the candidate would have been taken back */
export async function replay(
  file: string,
  options: ReplayCommandOptions,
  { out, signal }: Pick<CommandContext, 'out' | 'signal'>,
): Promise<number> {
  const settings = settingsOf(options.pipeline);
  const split = splitOf(options.weight);
  const progress = readingProgress(out);
  const { shuffleLabels: shuffles = 0, seed = 1 } = options;
  const onRead = progress.of(file);
  const replayed = await replayFile(file, { settings, split, shuffles, seed, signal, onRead }).finally(progress.end);
  out.print(replayText(replayed, settings, out.paint));
  out.printJson(replayDocument(replayed, settings));
  return replayed.decision ? 1 : 0;
}
