import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generatedFiles } from '../../scripts/generate.ts';
import { initTemplate } from './init-template.ts';
import { readPipelineBundle } from './load.ts';

const root = resolve(import.meta.dirname, '../..');

describe('the generated files', () => {
  test.each(Object.entries(generatedFiles()))(
    '%s is what the schemas say; `npm run generate` writes it',
    (path, text) => {
      expect(readFileSync(resolve(root, path), 'utf8')).toBe(text);
    },
  );

  test('describe every field', () => {
    const rows = generatedFiles()
      ['docs/reference/documents.md']!.split('\n')
      .filter(line => /^\| \**`/.test(line));
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.filter(row => / \|\s*\|$/.test(row))).toEqual([]);
  });

  test('require no more in a pipeline than apiVersion, kind, the name and the target', () => {
    const schema = JSON.parse(generatedFiles()['schema/pipeline.schema.json']!);
    expect(schema.required).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
    expect(schema.properties.spec.required).toEqual(['target']);
    expect(schema.properties.spec.additionalProperties).toBe(false);
  });
});

describe('the files that init writes', () => {
  const { 'pipeline.yaml': document, ...files } = initTemplate();

  test('load without a problem', () => {
    const bundle = readPipelineBundle({ document, files: files as Record<string, string> });
    expect(bundle.plan.name).toBe('support-bot');
    expect(bundle.prompt?.name).toBe('support-bot');
    expect(bundle.suites).toMatchObject([{ name: 'support-bot', provider: { id: 'openai:chat:gpt-4o-mini' } }]);
    expect(bundle.suites[0]!.cases.length).toBeGreaterThan(0);
  });

  test('name the variables of the prompt in every case', () => {
    const bundle = readPipelineBundle({ document, files: files as Record<string, string> });
    expect(bundle.suites[0]!.cases.every(({ vars }) => 'question' in vars)).toBe(true);
  });
});
