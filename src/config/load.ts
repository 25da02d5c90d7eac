/**
 * Reads documents and the bundle of files that a pipeline names, from disk or from memory. Collects every problem of
 * every file before it fails, because nobody likes to mend a file line by line. Never fetches anything from a network.
 */
import { dirname, isAbsolute, join, posix } from 'node:path';
import { type Problem, SpillwayError } from '../errors.ts';
import { assemble, type PipelineBundle, promptOf } from './bundle.ts';
import {
  invalid,
  type LoadedDocument,
  type NamedPrompt,
  parseDocument,
  parseDocuments,
  readParsed,
} from './document.ts';
import { parseText, sourceOfValue } from './parse-text.ts';
import type { PipelineDocument } from './pipeline.ts';
import { planOf } from './plan-of.ts';
import { type ReadText, readTextFile } from './read-file.ts';
import { oneOf, show } from './show.ts';
import { valueAt } from './source.ts';

/** Of the texts that a server parses for one request: a mebibyte of test cases stops its event loop for about a second. */
const MAX_BUNDLE_BYTES = 1024 * 1024;

export type { LoadedDocument, NamedPrompt, PipelineBundle, PipelineDocument, ReadText };
export { parseDocument, parseDocuments, planOf, promptOf };

/** The only document of a file. @throws SpillwayError FILE_UNREADABLE; CONFIG_INVALID with all problems */
export function loadDocument(path: string, readText: ReadText = readTextFile): LoadedDocument {
  return parseDocument(readText(path), path);
}

/**
 * All that is wrong in a file and, for a pipeline, in the files it names, even when the pipeline itself is wrong. `kinds`
 * holds the kind of every document that is sound by itself.
 * @throws SpillwayError FILE_UNREADABLE for the file itself
 */
export function checkFile(
  path: string,
  readText: ReadText = readTextFile,
): { kinds: string[]; problems: readonly Problem[] } {
  const kinds: string[] = [];
  try {
    const { read, problems } = readParsed(parseText(readText(path), path), path);
    kinds.push(...read.flatMap(({ document }) => document?.kind ?? []));
    if (!read.some(({ source }) => valueAt(source.value, ['kind']) === 'Pipeline')) return { kinds, problems };
    loadPipelineBundle(path, readText);
    return { kinds, problems };
  } catch (error) {
    if (error instanceof SpillwayError && error.problems.length > 0) return { kinds, problems: error.problems };
    throw error;
  }
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
  const normalised = new Map<string, string>();
  for (const [name, text] of Object.entries(files)) {
    if (typeof text !== 'string')
      throw invalid([{ path: `files[${show(name)}]`, message: `must be text; found ${show(text)}` }]);
    normalised.set(posix.normalize(name), text);
  }
  const texts = [...normalised.values(), ...(typeof document === 'string' ? [document] : [])];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MAX_BUNDLE_BYTES) {
    const message = `hold ${bytes} bytes together with the pipeline; a server takes at most ${MAX_BUNDLE_BYTES} (1 MiB)`;
    throw invalid([{ path: 'files', message }]);
  }
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

function outsideFolder(name: string): string | undefined {
  if (!isAbsolute(name) && !/^[A-Za-z]:|\\/.test(name) && name !== '..' && !name.startsWith('../')) return undefined;
  return 'must be relative to the folder of the pipeline, inside it, with "/" between its parts';
}
