/**
 * Writes what is derived from the document schemas: the JSON Schemas that editors use, the reference page of all fields and
 * the definitions of the custom resources. `--check` writes nothing and exits 1 when a file differs.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { Pipeline } from '../src/config/pipeline.ts';
import { Prompt, PromptContent } from '../src/config/prompt.ts';
import { Suite } from '../src/config/suite.ts';
import { definitionFiles } from './crd/definitions.ts';

const DOCUMENTS = { Pipeline, Prompt, Suite };
const ROOT = new URL('../', import.meta.url);

interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  additionalProperties?: boolean | JsonSchema;
}

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
  return { ...files, ...definitionFiles() };
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
For completion in an editor, put \`# yaml-language-server: $schema=<path>/pipeline.schema.json\` on the first line.
`;

function pageOf(kind: string, schema: JsonSchema): string {
  const rows = rowsOf(schema, '');
  return [
    `## ${kind}`,
    '',
    `${schema.description ?? ''} Schema: \`schema/${kind.toLowerCase()}.schema.json\`.`,
    '',
    '| field | type | default | description |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function rowsOf(schema: JsonSchema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const shown = schema.required?.includes(name) ? `**\`${path}\`**` : `\`${path}\``;
    const nested = [field, ...(field.anyOf ?? [])].flatMap(form => [
      ...rowsOf(form, `${path}.`),
      ...(form.items ? rowsOf(form.items, `${path}[].`) : []),
    ]);
    return [`| ${shown} | ${typeOf(field)} | ${defaultOf(field)} | ${cell(field.description ?? '')} |`, ...nested];
  });
}

function typeOf(schema: JsonSchema): string {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map(value => `\`${value}\``).join(', ');
  if (schema.pattern?.includes('ms|s|m|h')) return 'duration';
  if (schema.pattern?.includes('%')) return 'percentage';
  if (schema.type === 'array') return `list${schema.items ? ` of ${typeOf(schema.items)}` : ''}`;
  const names: Record<string, string> = {
    string: 'text',
    integer: 'whole number',
    boolean: 'true or false',
    object: 'mapping',
  };
  return names[schema.type ?? ''] ?? schema.type ?? 'any';
}

function defaultOf({ default: value }: JsonSchema): string {
  if (value === undefined || JSON.stringify(value) === '{}') return '';
  return `\`${cell(typeof value === 'string' ? value : JSON.stringify(value))}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
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
