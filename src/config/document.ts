/**
 * From text to checked documents: which kind it is, its schema, its further rules, and every problem with file, line and
 * column. Touches no disk.
 */
import { type Problem, SpillwayError } from '../errors.ts';
import { check, type Report } from './check.ts';
import { digestOf } from './digest.ts';
import { API_VERSION } from './fields.ts';
import { type ParsedText, parseText } from './parse-text.ts';
import { Pipeline, type PipelineDocument } from './pipeline.ts';
import { laterInPipeline, pipelineRules } from './pipeline-rules.ts';
import type { Json, PromptSpec, SuitePlan } from './plan.ts';
import { Prompt, promptRules } from './prompt.ts';
import { looksLikePromptfoo, readPromptfoo } from './promptfoo.ts';
import { nearest, oneOf, show } from './show.ts';
import { problemAt, type Source } from './source.ts';
import { Suite, suitePlanOf, suiteRules } from './suite.ts';

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

/** One document of a text, with its positions; `document` is missing when it has problems. */
interface ReadDocument {
  source: Source;
  document?: LoadedDocument;
}

export interface Reading {
  read: ReadDocument[];
  problems: Problem[];
}

/** Of one document. Nobody reads more, and finding the place of each takes time. */
const MAX_PROBLEMS = 500;
/** Of all files together; the message counts the rest. */
const MAX_TOLD = 1_000;
const KINDS = ['Pipeline', 'Prompt', 'Suite'];

/** Never throws: problems are in the answer. */
export function readParsed({ sources, problems }: ParsedText, file: string): Reading {
  const reading: Reading = { read: [], problems: [...problems] };
  if (sources.length === 0 && problems.length === 0)
    reading.problems.push({ file, path: '', message: 'holds no document, only comments or nothing' });
  for (const source of sources) {
    const found: Problem[] = [];
    const document = readSource(source, (path, message, key) => {
      if (found.length < MAX_PROBLEMS) found.push(problemAt(source, path, message, key));
    });
    if (found.length === MAX_PROBLEMS)
      found.push({ file, path: '', message: `has ${MAX_PROBLEMS} problems or more; these are the first` });
    reading.read.push({ source, ...(document && found.length === 0 ? { document } : {}) });
    reading.problems.push(...distinct(found));
  }
  return reading;
}

/** All documents of a text, in order. @throws SpillwayError CONFIG_INVALID with all problems */
export function parseDocuments(text: string, file: string): LoadedDocument[] {
  const { read, problems } = readParsed(parseText(text, file), file);
  if (problems.length > 0) throw invalid(problems);
  return read.flatMap(({ document }) => document ?? []);
}

/** The only document of a text; `file` is the name that problems carry. @throws SpillwayError CONFIG_INVALID with all problems */
export function parseDocument(text: string, file: string): LoadedDocument {
  const documents = parseDocuments(text, file);
  const [only] = documents;
  if (only && documents.length === 1) return only;
  throw invalid([{ file, path: '', message: `holds ${documents.length} documents; one is expected here` }]);
}

/** `2 problems in pipeline.yaml, 1 in prompts/a.yaml`, with the list. */
export function invalid(problems: readonly Problem[]): SpillwayError {
  const counts = new Map<string, number>();
  const ordered = inOrder(problems);
  for (const { file = 'the document' } of ordered) counts.set(file, (counts.get(file) ?? 0) + 1);
  const parts = [...counts].map(([file, count], index) => {
    const noun = count === 1 ? ' problem' : ' problems';
    return `${count}${index === 0 ? noun : ''} in ${file}`;
  });
  return new SpillwayError('CONFIG_INVALID', parts.join(', '), { problems: ordered.slice(0, MAX_TOLD) });
}

function readSource(source: Source, report: Report): LoadedDocument | undefined {
  const { value, file } = source;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report([], `must be a mapping with apiVersion, kind, metadata and spec; found ${show(value)}`);
    return undefined;
  }
  if (looksLikePromptfoo(value)) return { kind: 'promptfoo', file, suite: readPromptfoo(value, file, report) };
  const { kind } = value as { kind?: unknown };
  switch (kind) {
    case 'Pipeline':
      return readPipeline(source, report);
    case 'Prompt':
      return readPrompt(source, report);
    case 'Suite':
      return readSuite(source, report);
  }
  if ('kind' in value) {
    const meant = typeof kind === 'string' ? nearest(kind, KINDS) : undefined;
    report(['kind'], `must be ${oneOf(KINDS)}; found ${show(kind)}${meant ? `; did you mean ${meant}?` : ''}`);
  } else
    report(
      [],
      `has no \`kind\`: a document starts with apiVersion: ${API_VERSION} and kind: ${oneOf(KINDS)}; a promptfoo config has prompts, providers and tests`,
    );
  return undefined;
}

function readPipeline({ value, file }: Source, report: Report): LoadedDocument | undefined {
  const document = check(Pipeline, value, report, { later: laterInPipeline });
  pipelineRules(value, report);
  return document && { kind: 'Pipeline', file, document };
}

function readPrompt({ value, file }: Source, report: Report): LoadedDocument | undefined {
  const document = check(Prompt, value, report);
  promptRules((value as { spec?: unknown }).spec, ['spec'], report);
  if (!document) return undefined;
  const spec = document.spec as PromptSpec;
  return {
    kind: 'Prompt',
    file,
    prompt: { name: document.metadata.name, spec, version: digestOf(spec as Json), file },
  };
}

function readSuite({ value, file, positionOf }: Source, report: Report): LoadedDocument | undefined {
  let isSound = true;
  const reportRule: Report = (path, message, key) => {
    isSound = false;
    report(path, message, key);
  };
  const document = check(Suite, value, report);
  suiteRules(value, reportRule, path => positionOf(path)?.line);
  return document && isSound ? { kind: 'Suite', file, suite: suitePlanOf(document, file) } : undefined;
}

function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map(problem => [`${problem.path}\n${problem.message}`, problem])).values()];
}

/** By file, as first met, and by place in it. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  const rank = (problem: Problem) => files.indexOf(problem.file);
  return problems.toSorted(
    (a, b) => rank(a) - rank(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}
