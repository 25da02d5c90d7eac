/**
 * A pipeline together with the files it names, wherever they come from. Goes on after the first bad file, so that one run
 * lists what is wrong in all of them.
 */
import { posix } from 'node:path';
import { type Problem, SpillwayError } from '../errors.ts';
import { invalid, type LoadedDocument, type NamedPrompt, type Reading, readParsed } from './document.ts';
import { parseText } from './parse-text.ts';
import type { PipelineDocument } from './pipeline.ts';
import type { Plan, SuitePlan } from './plan.ts';
import { planOf } from './plan-of.ts';
import { whyUnreadable } from './read-file.ts';
import { show } from './show.ts';
import { type Path, problemAt, type Source, valueAt } from './source.ts';

/** A pipeline with all that it names, checked. */
export interface PipelineBundle {
  document: PipelineDocument;
  plan: Plan;
  /** Absent for a workload. */
  prompt?: NamedPrompt;
  suites: SuitePlan[];
  /** The named files: path relative to the pipeline's folder, normalised → text. */
  files: Record<string, string>;
}

/** Where the files of a bundle come from. */
interface Folder {
  /** Why a path is refused here, if it is. */
  nameProblem(name: string): string | undefined;
  /** As problems name the file. */
  shownName(name: string): string;
  /** Throws when there is no such file. */
  textOf(name: string): string;
}

/** @throws SpillwayError CONFIG_INVALID with the problems of all files */
export function assemble(reading: Reading, file: string, folder: Folder): PipelineBundle {
  const problems = [...reading.problems];
  const pipelines = reading.read.filter(({ source }) => kindOf(source) === 'Pipeline');
  const [first] = pipelines;
  if (reading.read.length > 0 && pipelines.length !== 1)
    problems.push({ file, path: '', message: `holds ${pipelines.length} Pipeline documents; one is expected here` });
  if (!first) throw invalid(problems);
  const named = makeNamedFiles(first.source, folder, problems);
  const prompt = readNamedPrompt(named);
  const suites = readNamedSuites(named);
  const { document } = first;
  if (problems.length > 0 || document?.kind !== 'Pipeline') throw invalid(problems);
  const found = { document: document.document, plan: planOf(document.document), suites, files: named.files };
  return prompt ? { ...found, prompt } : found;
}

/** @throws SpillwayError NOT_SUPPORTED for a workload, which only a cluster can release */
export function promptOf({ plan, prompt }: Pick<PipelineBundle, 'plan' | 'prompt'>): NamedPrompt {
  if (prompt) return prompt;
  throw new SpillwayError('NOT_SUPPORTED', `Pipeline ${plan.name} releases a workload of a cluster, not a prompt.`, {
    hint: 'Apply it there: `kubectl apply -f FILE`; a server with --kube takes it up.',
  });
}

interface NamedFiles {
  source: Source;
  files: Record<string, string>;
  /** The documents of the file that the pipeline names at `path`, or undefined after a report. */
  documentsAt(path: Path): { name: string; documents: LoadedDocument[] } | undefined;
  report(path: Path, message: string): void;
}

function makeNamedFiles(source: Source, folder: Folder, problems: Problem[]): NamedFiles {
  const readings = new Map<string, Reading | undefined>();
  const named: NamedFiles = {
    source,
    files: {},
    report: (path, message) => problems.push(problemAt(source, path, message)),
    documentsAt: path => {
      const written = valueAt(source.value, path);
      if (typeof written !== 'string' || written === '') return undefined;
      const name = posix.normalize(written);
      const refusal = folder.nameProblem(name);
      if (refusal) named.report(path, `${show(written)} ${refusal}`);
      else if (!readings.has(name)) readings.set(name, read(name, written, path));
      const reading = readings.get(name);
      if (!reading || reading.problems.length > 0) return undefined;
      return { name, documents: reading.read.flatMap(({ document }) => document ?? []) };
    },
  };
  return named;

  function read(name: string, written: string, path: Path): Reading | undefined {
    try {
      const text = folder.textOf(name);
      named.files[name] = text;
      const reading = readParsed(parseText(text, folder.shownName(name)), folder.shownName(name));
      problems.push(...reading.problems);
      return reading;
    } catch (error) {
      if (error instanceof SpillwayError && error.problems.length > 0) problems.push(...error.problems);
      else named.report(path, `cannot read ${show(written)}: ${whyUnreadable(error)}`);
      return undefined;
    }
  }
}

function readNamedPrompt(named: NamedFiles): NamedPrompt | undefined {
  const path = ['spec', 'target', 'prompt', 'file'];
  const found = named.documentsAt(path);
  if (!found) return undefined;
  const prompts = found.documents.filter(document => document.kind === 'Prompt');
  const [only] = prompts;
  if (only && prompts.length === 1) return { ...only.prompt, file: found.name };
  named.report(path, `must name a file with one Prompt; ${show(found.name)} holds ${contents(found.documents)}`);
  return undefined;
}

function readNamedSuites(named: NamedFiles): SuitePlan[] {
  const list = valueAt(named.source.value, ['spec', 'test', 'suites']);
  if (!Array.isArray(list)) return [];
  const suites: SuitePlan[] = [];
  for (const index of list.keys()) {
    const path = ['spec', 'test', 'suites', index];
    const found = named.documentsAt(path);
    if (!found) continue;
    const documents = found.documents.filter(({ kind }) => kind === 'Suite' || kind === 'promptfoo');
    if (documents.length === 0)
      named.report(
        path,
        `must name a Suite or a promptfoo config; ${show(found.name)} holds ${contents(found.documents)}`,
      );
    for (const document of documents) {
      if (document.kind !== 'Suite' && document.kind !== 'promptfoo') continue;
      const name = document.kind === 'promptfoo' ? found.name : document.suite.name;
      if (suites.some(suite => suite.name === name))
        named.report(path, `a suite named ${show(name)} is in the list already`);
      suites.push({ ...document.suite, name, file: found.name });
    }
  }
  return suites;
}

function contents(documents: readonly LoadedDocument[]): string {
  return documents.map(({ kind }) => (kind === 'promptfoo' ? 'a promptfoo config' : `a ${kind}`)).join(', ') || 'none';
}

function kindOf(source: Source): unknown {
  return valueAt(source.value, ['kind']);
}
