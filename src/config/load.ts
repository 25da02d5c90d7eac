/**
 * Reads documents and the bundle of files that a pipeline names, from disk or from memory. Collects every problem of
 * every file before it fails, because nobody likes to mend a file line by line. Never fetches anything from a network.
 */
import { SpillwayError } from '../errors.ts';
import type { PipelineDocument } from './pipeline.ts';
import type { Plan, PromptSpec, SuitePlan } from './plan.ts';

export interface NamedPrompt {
  /** The artifact, and the flag key. */
  name: string;
  spec: PromptSpec;
  /** sha256:<hex> of the RFC 8785 JSON of the spec. */
  version: string;
  file: string;
}

export type LoadedDocument =
  | { kind: 'Pipeline'; file: string; document: PipelineDocument }
  | { kind: 'Prompt'; file: string; prompt: NamedPrompt }
  | { kind: 'Suite'; file: string; suite: SuitePlan }
  | { kind: 'promptfoo'; file: string; suite: SuitePlan };

/** A pipeline with all that it names, checked. `files`: path relative to the pipeline's folder → text, the pipeline's own file left out. */
export interface PipelineBundle {
  document: PipelineDocument;
  plan: Plan;
  prompt: NamedPrompt;
  suites: SuitePlan[];
  files: Record<string, string>;
}

/** Returns the text of a file, or throws. Replaced in tests. */
export type ReadText = (path: string) => string;

/** Every document of a file, in order. @throws SpillwayError FILE_UNREADABLE; CONFIG_INVALID with all problems */
export function loadDocuments(_path: string, _readText?: ReadText): LoadedDocument[] {
  throw new SpillwayError('INTERNAL', 'not built yet');
}

/** The only document of a file. @throws SpillwayError FILE_UNREADABLE; CONFIG_INVALID with all problems */
export function loadDocument(_path: string, _readText?: ReadText): LoadedDocument {
  throw new SpillwayError('INTERNAL', 'not built yet');
}

/** The only document of a text; `file` is the name that problems carry. @throws SpillwayError CONFIG_INVALID with all problems */
export function parseDocument(_text: string, _file: string): LoadedDocument {
  throw new SpillwayError('INTERNAL', 'not built yet');
}

/** Reads a pipeline and the files it names, from disk. @throws SpillwayError FILE_UNREADABLE; CONFIG_INVALID with all problems of all files */
export function loadPipelineBundle(_pipelinePath: string, _readText?: ReadText): PipelineBundle {
  throw new SpillwayError('INTERNAL', 'not built yet');
}

/**
 * The same from memory, for the server: touches no disk. `document` is the pipeline as text or as parsed JSON; the keys of
 * `files` are the paths as the pipeline writes them, relative and inside its folder.
 * @throws SpillwayError CONFIG_INVALID with all problems of all files
 */
export function readPipelineBundle(_bundle: { document: unknown; files: Record<string, string> }): PipelineBundle {
  throw new SpillwayError('INTERNAL', 'not built yet');
}

/** Fills in every default and makes units plain. */
export function planOf(_document: PipelineDocument): Plan {
  throw new SpillwayError('INTERNAL', 'not built yet');
}
