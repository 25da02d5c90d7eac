/**
 * Reads documents and the bundle of files that a pipeline names, from disk or from memory. Collects every problem of
 * every file before it fails, because nobody likes to mend a file line by line. Never fetches anything from a network.
 */
import { dirname, isAbsolute, join, posix } from 'node:path';
import { type Problem, SpillwayError } from '../errors.ts';
import {
  invalid,
  type LoadedDocument,
  type NamedPrompt,
  parseDocument,
  parseDocuments,
  type Reading,
  readParsed,
} from './document.ts';
import type { PipelineDocument } from './pipeline.ts';
import type { Plan, SuitePlan } from './plan.ts';
import { planOf } from './plan-of.ts';
import { type ReadText, readTextFile, whyUnreadable } from './read-file.ts';
import { oneOf, show } from './show.ts';
import { MAX_FILE_BYTES, type Path, parseText, problemAt, type Source, sourceOfValue } from './source.ts';

export type { LoadedDocument, NamedPrompt, PipelineDocument, ReadText };
export { parseDocument, parseDocuments, planOf };

/** A pipeline with all that it names, checked. */
export interface PipelineBundle {
  document: PipelineDocument;
  plan: Plan;
  prompt: NamedPrompt;
  suites: SuitePlan[];
  /** The named files: path relative to the pipeline's folder, normalised → text. */
  files: Record<string, string>;
}

/** Every document of a file, in order. @throws SpillwayError FILE_UNREADABLE; CONFIG_INVALID with all problems */
export function loadDocuments(path: string, readText: ReadText = readTextFile): LoadedDocument[] {
  return parseDocuments(readText(path), path);
}

/** The only document of a file. @throws SpillwayError FILE_UNREADABLE; CONFIG_INVALID with all problems */
export function loadDocument(path: string, readText: ReadText = readTextFile): LoadedDocument {
  return parseDocument(readText(path), path);
}

/** Reads a pipeline and the files it names, from disk. @throws SpillwayError FILE_UNREADABLE; CONFIG_INVALID with all problems of all files */
export function loadPipelineBundle(pipelinePath: string, readText: ReadText = readTextFile): PipelineBundle {
  const reading = readParsed(parseText(readText(pipelinePath), pipelinePath), pipelinePath);
  const shownName = (name: string) => (isAbsolute(name) ? name : join(dirname(pipelinePath), name));
  return assemble(reading, pipelinePath, {
    nameProblem: () => undefined,
    shownName,
    textOf: name => readText(shownName(name)),
  });
}

/**
 * The same from memory, for the server: touches no disk. `document` is the pipeline as text or as parsed JSON; the keys of
 * `files` are the paths as the pipeline writes them, relative and inside its folder.
 * @throws SpillwayError CONFIG_INVALID with all problems of all files
 */
export function readPipelineBundle(bundle: { document: unknown; files: Record<string, string> }): PipelineBundle {
  const { document, files } = bundle;
  const pipeline = 'pipeline';
  const normalised = new Map(Object.entries(files).map(([name, text]) => [posix.normalize(name), text]));
  const bytes = [...normalised.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MAX_FILE_BYTES)
    throw invalid([{ path: 'files', message: `hold ${bytes} bytes together; at most ${MAX_FILE_BYTES} (5 MiB)` }]);
  const parsed = typeof document === 'string' ? parseText(document, pipeline) : sourceOfValue(document, pipeline);
  return assemble(readParsed(parsed, pipeline), pipeline, {
    nameProblem: outsideFolder,
    shownName: name => name,
    textOf: name => {
      const text = normalised.get(name);
      if (text !== undefined) return text;
      const sent = normalised.size === 0 ? 'none was sent' : `sent: ${oneOf([...normalised.keys()].map(show))}`;
      throw new SpillwayError('FILE_UNREADABLE', `it is not among the files of the request; ${sent}`);
    },
  });
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

function outsideFolder(name: string): string | undefined {
  if (!isAbsolute(name) && !/^[A-Za-z]:|\\/.test(name) && name !== '..' && !name.startsWith('../')) return undefined;
  return 'must be relative to the folder of the pipeline, inside it, with "/" between its parts';
}

function assemble(reading: Reading, file: string, folder: Folder): PipelineBundle {
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
  if (problems.length > 0 || !prompt || document?.kind !== 'Pipeline') throw invalid(problems);
  return { document: document.document, plan: planOf(document.document), prompt, suites, files: named.files };
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

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const part of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as Record<string | number, unknown>)[part];
  }
  return found;
}
