/** lint: checks documents and all that they name, and lists every problem of every file. Calls no model. */
import { checkFile } from '../../config/load.ts';
import { asSpillwayError, formatProblem, type Problem } from '../../errors.ts';
import type { CommandContext } from '../context.ts';

export async function lint(files: string[], { out }: CommandContext): Promise<number> {
  const checked = files.map(check);
  for (const { file, ok, kinds, problems } of checked) {
    if (ok) out.print(`${out.paint.green('ok')}  ${file}  ${out.paint.dim(kinds.join(', '))}`);
    else {
      const lines = problems.map(problem => `    ${formatProblem(problem)}`);
      out.print([`${out.paint.red('no')}  ${file}`, ...lines].join('\n'));
    }
  }
  out.printJson({ files: checked });
  return checked.every(({ ok }) => ok) ? 0 : 2;
}

/** A file that cannot be read is one more problem: the others are checked all the same. */
function check(file: string): { file: string; ok: boolean; kinds: string[]; problems: readonly Problem[] } {
  try {
    const { kinds, problems } = checkFile(file);
    return { file, ok: problems.length === 0, kinds, problems };
  } catch (error) {
    return { file, ok: false, kinds: [], problems: [{ file, path: '', message: asSpillwayError(error).message }] };
  }
}
