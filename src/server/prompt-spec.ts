/** The content of a version, as requests carry it: held to the same rules as a Prompt document, named by its digest. */
import { API_VERSION } from '../config/fields.ts';
import { type NamedPrompt, parseDocument } from '../config/load.ts';
import { SpillwayError } from '../errors.ts';

/** @throws SpillwayError REQUEST_INVALID with every field that does not fit */
export function readPromptSpec(name: string, spec: unknown): Pick<NamedPrompt, 'spec' | 'version'> {
  const document = { apiVersion: API_VERSION, kind: 'Prompt', metadata: { name }, spec };
  try {
    const parsed = parseDocument(JSON.stringify(document), 'request');
    if (parsed.kind === 'Prompt') return parsed.prompt;
  } catch (error) {
    if (!(error instanceof SpillwayError) || error.code !== 'CONFIG_INVALID') throw error;
    // Lines are of the text made here, which the caller never saw.
    const problems = error.problems.map(({ path, message }) => ({ path, message }));
    const first = problems[0] ?? { path: 'spec', message: error.message };
    throw new SpillwayError('REQUEST_INVALID', `${first.path}: ${first.message}.`, { problems, cause: error });
  }
  throw new SpillwayError('REQUEST_INVALID', 'spec: is not the spec of a Prompt.');
}
