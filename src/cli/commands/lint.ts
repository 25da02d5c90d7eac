/** lint: checks documents and all that they name, and lists every problem of every file. Calls no model. */
import { loadDocuments, loadPipelineBundle } from '../../config/load.ts';
import { asSpillwayError, formatProblem, type Problem } from '../../errors.ts';
import type { CommandContext } from '../context.ts';

interface Checked {
  file: string;
  ok: boolean;
  kinds: string[];
  problems: Problem[];
}

export async function lint(files: string[], { out }: CommandContext): Promise<number> {
  const checked = files.map(check);
  for (const { file, ok, kinds, problems } of checked) {
    if (ok) out.print(`${out.paint.green('ok')}  ${file}  ${out.paint.dim(kinds.join(', '))}`);
    else
      out.print(
        [`${out.paint.red('no')}  ${file}`, ...problems.map(problem => `    ${formatProblem(problem)}`)].join('\n'),
      );
  }
  out.printJson({ files: checked });
  return checked.every(({ ok }) => ok) ? 0 : 2;
}

function check(file: string): Checked {
  try {
    const kinds = loadDocuments(file).map(document => {
      if (document.kind === 'Pipeline') loadPipelineBundle(file);
      return document.kind;
    });
    return { file, ok: true, kinds, problems: [] };
  } catch (error) {
    const { message, problems } = asSpillwayError(error);
    return {
      file,
      ok: false,
      kinds: [],
      problems: problems.length > 0 ? [...problems] : [{ file, path: '', message }],
    };
  }
}
