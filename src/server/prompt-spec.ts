/** The content of a version, as requests carry it: held to the same rules as a Prompt document, named by its digest. */
import { type NamedPrompt, readParsed } from '../config/document.ts';
import { API_VERSION } from '../config/fields.ts';
import { sourceOfValue } from '../config/parse-text.ts';
import { SpillwayError } from '../errors.ts';

/** @throws SpillwayError REQUEST_INVALID with every field that does not fit */
export function readPromptSpec(name: string, spec: unknown): Pick<NamedPrompt, 'spec' | 'version'> {
  const document = { apiVersion: API_VERSION, kind: 'Prompt', metadata: { name }, spec };
  // As the value it is: written as text it would be parsed once more, for which a mebibyte takes over a second.
  const { read, problems: found } = readParsed(sourceOfValue(document, 'request'), 'request');
  const prompt = read[0]?.document;
  if (prompt?.kind === 'Prompt' && found.length === 0) return prompt.prompt;
  const problems = found.map(({ path, message }) => ({ path, message }));
  const first = problems[0] ?? { path: 'spec', message: 'is not the spec of a Prompt' };
  throw new SpillwayError('REQUEST_INVALID', `${first.path}: ${first.message}.`, { problems });
}
