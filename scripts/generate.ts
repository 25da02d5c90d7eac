/**
 * Writes what is derived from the document schemas: the JSON Schemas that editors use, the reference page of all fields,
 * the definitions of the custom resources and parts of the chart. `--check` writes nothing and exits 1 when a file differs.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { Pipeline } from '../src/config/pipeline.ts';
import { Prompt, PromptContent } from '../src/config/prompt.ts';
import { Suite } from '../src/config/suite.ts';
import { chartFiles } from './chart/files.ts';
import { definitionFiles } from './crd/definitions.ts';
import { type JsonSchema, tableOf } from './fields-table.ts';

const DOCUMENTS = { Pipeline, Prompt, Suite };
const ROOT = new URL('../', import.meta.url);

/** Path from the root of the repository → text. */
export function generatedFiles(): Record<string, string> {
  const files: Record<string, string> = {};
  const pages: string[] = [PAGE_HEAD];
  for (const [kind, schema] of Object.entries(DOCUMENTS)) {
    const json = jsonSchemaOf(schema);
    files[`schema/${kind.toLowerCase()}.schema.json`] = `${JSON.stringify({ title: kind, ...json }, null, 2)}\n`;
    pages.push(pageOf(kind, json));
  }
  files['docs/reference/documents.md'] = pages.join('\n');
  return { ...files, ...definitionFiles(), ...chartFiles() };
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    override: ({ zodSchema, jsonSchema }) => {
      // The one rule over two fields that an editor can show.
      if (zodSchema === PromptContent) jsonSchema.oneOf = [{ required: ['messages'] }, { required: ['template'] }];
      // Every integer of JavaScript has these bounds: they say nothing of ours.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  }) as JsonSchema;
}

const PAGE_HEAD = `# Documents

Generated from the schemas by \`npm run generate\`; do not edit.

Documents are YAML 1.2 or JSON in UTF-8, at most 5 MiB a file; a file may hold several. Unknown fields are errors. A duration is one
whole number and a unit: \`250ms\`, \`30s\`, \`5m\`, \`1h\`; a percentage is written \`5%\`. Fields in **bold** are required wherever the
mapping that holds them is present.
In a cluster a Pipeline is the resource \`pipelines.spillway.dev\`, and the API server refuses what \`spillway lint\` refuses, at the same
field; but an empty value (\`rollout:\`) counts as absent there, and kubectl reads YAML 1.1, in which \`yes\` is \`true\`.
For completion in an editor, put \`# yaml-language-server: $schema=<path>/pipeline.schema.json\` on the first line.
`;

function pageOf(kind: string, schema: JsonSchema): string {
  return [
    `## ${kind}`,
    '',
    `${schema.description ?? ''} Schema: \`schema/${kind.toLowerCase()}.schema.json\`.`,
    '',
    ...tableOf(schema),
    '',
  ].join('\n');
}

function main(): void {
  const isCheck = process.argv.includes('--check');
  const stale: string[] = [];
  for (const [path, text] of Object.entries(generatedFiles())) {
    const url = new URL(path, ROOT);
    if (read(url) === text) continue;
    stale.push(path);
    if (isCheck) continue;
    mkdirSync(new URL('.', url), { recursive: true });
    writeFileSync(url, text);
  }
  if (stale.length > 0) console.log(`${isCheck ? 'Out of date' : 'Written'}: ${stale.join(', ')}`);
  if (isCheck && stale.length > 0) {
    console.log('Run `npm run generate` and commit what it writes.');
    process.exitCode = 1;
  }
}

function read(url: URL): string | undefined {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) main();
