/** compare: two files of samples or results, and whether the second is worse. Reads files only; calls nothing. */
import { writeFileSync } from 'node:fs';
import type { Verdict } from '../../analysis/verdict.ts';
import { whyUnreadable } from '../../config/read-file.ts';
import { SpillwayError } from '../../errors.ts';
import { type Arm, emptyArm, type Reading } from '../compare/arm.ts';
import { type CompareOptions, wishesOf } from '../compare/flags.ts';
import { matchArms } from '../compare/plan.ts';
import { Problems } from '../compare/problems.ts';
import { readArm } from '../compare/read-arm.ts';
import { compareDocument, compareReport } from '../compare/report.ts';
import { pageText } from '../compare/show-html.ts';
import { markdownText } from '../compare/show-markdown.ts';
import { tableText } from '../compare/show-table.ts';
import type { CommandContext } from '../context.ts';
import { readingProgress } from '../reading-progress.ts';
import type { Terminal } from '../terminal.ts';

const HINT = 'Correct what is listed; the guide to `spillway compare` shows each format.';

/** @returns 0; 1 when the verdict is one that `failOn` names */
export async function compare(
  files: [baseline: string, candidate: string],
  options: CompareOptions,
  { out, signal }: Pick<CommandContext, 'out' | 'signal'>,
): Promise<number> {
  const wishes = wishesOf(options);
  const problems = new Problems();
  const [baseline, candidate] = await readArms(files, { ...wishes, signal }, problems, out);
  problems.throwIfAny(HINT);
  const matched = matchArms(baseline, candidate, wishes, problems);
  problems.throwIfAny(HINT);
  const report = compareReport(matched, files);
  if (options.html !== undefined) write(options.html, pageText(report));
  out.print(options.markdown ? markdownText(report) : tableText(report, out.paint));
  out.printJson(compareDocument(report));
  if (options.html !== undefined) out.note(`written: ${options.html}`);
  return isRefused(report.verdict, wishes.failOn) ? 1 : 0;
}

async function readArms(
  files: [string, string],
  reading: Reading,
  problems: Problems,
  out: Terminal,
): Promise<[baseline: Arm, candidate: Arm]> {
  const progress = readingProgress(out);
  try {
    const read = (file: string) => readArm(file, { ...reading, progressOf: progress.of }, problems);
    const baseline = await settled(read(files[0]), problems);
    const candidate = await settled(read(files[1]), problems);
    const [first, second] = [baseline, candidate].filter(arm => arm instanceof SpillwayError);
    if (first && second && first.code === second.code)
      throw new SpillwayError(first.code, `${first.message}. ${second.message}`, { cause: first });
    if (baseline instanceof SpillwayError) throw baseline;
    if (candidate instanceof SpillwayError) throw candidate;
    return [baseline, candidate];
  } finally {
    progress.end();
  }
}

/** A file that cannot be opened does not hide what is wrong with the other one; an interrupt ends both. */
async function settled(arm: Promise<Arm>, problems: Problems): Promise<Arm | SpillwayError> {
  try {
    return await arm;
  } catch (error) {
    if (!(error instanceof SpillwayError) || error.code === 'INTERRUPTED') throw error;
    for (const problem of error.problems) problems.add(problem);
    return error.problems.length > 0 ? emptyArm('') : error;
  }
}

function isRefused(verdict: Verdict['kind'], failOn: 'regression' | 'inconclusive'): boolean {
  return verdict === 'fail' || (verdict === 'inconclusive' && failOn === 'inconclusive');
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw new SpillwayError('FILE_UNREADABLE', `Cannot write ${file}: ${whyUnreadable(cause)}`, { cause });
  }
}
