/** init: writes a working Pipeline, Prompt and Suite into a folder; never over a file that is there. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { initTemplate } from '../../config/init-template.ts';
import { SpillwayError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';

export async function init(folder: string, { out }: CommandContext): Promise<number> {
  const files = Object.entries(initTemplate());
  const standing = files.map(([path]) => path).filter(path => existsSync(join(folder, path)));
  if (standing.length > 0)
    throw new SpillwayError('USAGE', `${folder} has ${standing.join(', ')} already; nothing was written.`, {
      hint: 'Name an empty folder: spillway init my-bot',
    });
  for (const [path, text] of files) write(join(folder, path), text);
  out.print(files.map(([path]) => `${out.paint.green('wrote')} ${join(folder, path)}`).join('\n'));
  const steps = [
    ...(folder === '.' ? [] : [`cd ${folder}`]),
    'spillway lint pipeline.yaml',
    'spillway test pipeline.yaml      # against OPENAI_BASE_URL, with OPENAI_API_KEY',
    'spillway serve                   # in another terminal',
    'spillway release pipeline.yaml',
  ];
  out.print(`\nNext:  ${steps.join('\n       ')}`);
  out.printJson({ folder, files: files.map(([path]) => path) });
  return 0;
}

function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
  } catch (cause) {
    throw new SpillwayError('STORE_UNAVAILABLE', `${path} could not be written: ${(cause as Error).message}`, {
      cause,
      hint: 'Check that the folder is writable and the disk is not full.',
    });
  }
}
