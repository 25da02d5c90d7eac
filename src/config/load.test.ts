import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { SpillwayError } from '../errors.ts';
import { temporaryFolder } from '../temporary-folder.test-support.ts';
import { digestOf } from './digest.ts';
import { checkFile, loadDocument, loadPipelineBundle, readPipelineBundle } from './load.ts';

const HEAD = 'apiVersion: spillway.dev/v1alpha1\n';
const PIPELINE = `${HEAD}kind: Pipeline
metadata: { name: bot }
spec:
  target: { prompt: { file: ./prompts/bot.yaml } }
  test: { suites: [suites/s.yaml, promptfooconfig.yaml] }
`;
const PROMPT = `${HEAD}kind: Prompt\nmetadata: { name: bot }\nspec: { template: "{{q}}" }\n`;
const SUITE = `${HEAD}kind: Suite\nmetadata: { name: s }\nspec: { provider: { id: echo }, cases: [{}] }\n`;
const PROMPTFOO = 'providers: echo\ntests: [{}]\n';
const FILES = { 'prompts/bot.yaml': PROMPT, 'suites/s.yaml': SUITE, 'promptfooconfig.yaml': PROMPTFOO };

let folder = '';
beforeEach(() => {
  folder = temporaryFolder();
});

function write(files: Record<string, string | Uint8Array>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return join(folder, 'pipeline.yaml');
}

function failure(run: () => unknown): SpillwayError {
  try {
    run();
  } catch (error) {
    return error as SpillwayError;
  }
  throw new Error('it did not fail');
}

const placesOf = ({ problems }: SpillwayError) =>
  problems.map(({ file = '', line, path, message }) => `${file.replace(`${folder}/`, '')}:${line} ${path} ${message}`);

describe('a pipeline on disk', () => {
  test('brings the prompt, the suites and their texts', () => {
    const bundle = loadPipelineBundle(write({ 'pipeline.yaml': PIPELINE, ...FILES }));
    expect(bundle.plan.name).toBe('bot');
    expect(bundle.prompt).toEqual({
      name: 'bot',
      spec: { template: '{{q}}' },
      version: digestOf({ template: '{{q}}' }),
      file: 'prompts/bot.yaml',
    });
    expect(bundle.suites.map(({ name, file }) => [name, file])).toEqual([
      ['s', 'suites/s.yaml'],
      ['promptfooconfig.yaml', 'promptfooconfig.yaml'],
    ]);
    expect(bundle.files).toEqual(FILES);
  });

  test('means the same when its bundle is read from memory', () => {
    const fromDisk = loadPipelineBundle(write({ 'pipeline.yaml': PIPELINE, ...FILES }));
    expect(readPipelineBundle({ document: PIPELINE, files: fromDisk.files })).toEqual(fromDisk);
    expect(readPipelineBundle({ document: fromDisk.document, files: fromDisk.files })).toEqual(fromDisk);
  });

  test('may name files of the folder above', () => {
    const path = write({
      'a/pipeline.yaml': PIPELINE.replace('./prompts', '../prompts').replace(/ {2}test.*\n/, ''),
      ...FILES,
    });
    expect(loadPipelineBundle(path.replace('pipeline.yaml', 'a/pipeline.yaml')).prompt?.file).toBe(
      '../prompts/bot.yaml',
    );
  });

  test('may stand in one file with its prompt and its suite', () => {
    const all = `${PIPELINE.replace('./prompts/bot.yaml', 'pipeline.yaml').replace(/suites: .*\]/, 'suites: [pipeline.yaml]')}---\n${PROMPT}---\n${SUITE}`;
    const bundle = loadPipelineBundle(write({ 'pipeline.yaml': all }));
    expect(bundle.prompt?.name).toBe('bot');
    expect(bundle.suites.map(({ name }) => name)).toEqual(['s']);
  });

  test('lists what is wrong in all of its files at once', () => {
    const error = failure(() =>
      loadPipelineBundle(
        write({
          'pipeline.yaml': `${PIPELINE}  rollot: {}\n`,
          'prompts/bot.yaml': PROMPT.replace('template', 'tmplate'),
          'suites/s.yaml': SUITE.replace('[{}]', '[{ nme: a }]'),
        }),
      ),
    );
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.exit).toBe(2);
    expect(error.message).toBe(
      `2 problems in ${folder}/pipeline.yaml, 2 in ${folder}/prompts/bot.yaml, 1 in ${folder}/suites/s.yaml`,
    );
    expect(placesOf(error)).toEqual([
      expect.stringMatching(
        /^pipeline\.yaml:6 spec\.test\.suites\[1\] cannot read "promptfooconfig\.yaml": there is no such file/,
      ),
      expect.stringMatching(/^pipeline\.yaml:7 spec\.rollot unknown field/),
      expect.stringMatching(/^prompts\/bot\.yaml:4 spec needs `messages`/),
      expect.stringMatching(/^prompts\/bot\.yaml:4 spec\.tmplate unknown field "tmplate"; did you mean "template"/),
      expect.stringMatching(/^suites\/s\.yaml:4 spec\.cases\[0\]\.nme unknown field "nme"; did you mean "name"/),
    ]);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    [
      'a suite in place of the prompt',
      { 'prompts/bot.yaml': SUITE },
      /must name a file with one Prompt; "prompts\/bot\.yaml" holds a Suite/,
    ],
    [
      'two prompts in one file',
      { 'prompts/bot.yaml': `${PROMPT}---\n${PROMPT}` },
      /must name a file with one Prompt; .* holds a Prompt, a Prompt/,
    ],
    [
      'a prompt in place of a suite',
      { 'suites/s.yaml': PROMPT },
      /must name a Suite or a promptfoo config; "suites\/s\.yaml" holds a Prompt/,
    ],
    ['a folder in place of a file', { 'suites/s.yaml/x': '' }, /cannot read "suites\/s\.yaml": it is a folder/],
  ])('that names %s is refused at the name', (_name, files, message) => {
    const { 'suites/s.yaml': suite, ...others } = FILES;
    const all = 'suites/s.yaml/x' in files ? others : { 'suites/s.yaml': suite, ...others };
    const error = failure(() => loadPipelineBundle(write({ 'pipeline.yaml': PIPELINE, ...all, ...files })));
    expect(placesOf(error)).toEqual([expect.stringMatching(message)]);
    expect(error.problems[0]!.file).toBe(`${folder}/pipeline.yaml`);
  });

  test('with two suites of one name is refused', () => {
    const path = write({ 'pipeline.yaml': PIPELINE, ...FILES, 'promptfooconfig.yaml': SUITE });
    expect(placesOf(failure(() => loadPipelineBundle(path)))).toEqual([
      expect.stringMatching(/suites\[1\] a suite named "s" is in the list already/),
    ]);
  });

  test('that is no pipeline is refused', () =>
    expect(placesOf(failure(() => loadPipelineBundle(write({ 'pipeline.yaml': PROMPT }))))).toEqual([
      expect.stringMatching(/holds 0 Pipeline documents; one is expected here/),
    ]));
});

describe('a file', () => {
  test('that is not there cannot be read', () => {
    const error = failure(() => loadDocument(join(folder, 'none.yaml')));
    expect(error).toMatchObject({
      code: 'FILE_UNREADABLE',
      exit: 2,
      message: `Cannot read ${folder}/none.yaml: there is no such file`,
    });
  });

  test('that is a folder cannot be read', () =>
    expect(failure(() => loadDocument(folder))).toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringMatching(/it is a folder/),
    }));

  test.each<[string, Uint8Array, RegExp]>([
    ['is not UTF-8', Uint8Array.of(0x61, 0x3a, 0x20, 0xff, 0xfe), /is not UTF-8 text/],
    ['is binary', Uint8Array.of(0x61, 0x00, 0x62), /is a binary file/],
    ['is larger than 5 MiB', new Uint8Array(5 * 1024 * 1024 + 1).fill(0x61), /at most 5242880 \(5 MiB\) bytes/],
    ['is empty', new Uint8Array(), /is empty/],
  ])('that %s is refused', (_name, bytes, message) => {
    write({ 'x.yaml': bytes });
    const error = failure(() => loadDocument(join(folder, 'x.yaml')));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.problems).toEqual([
      { file: join(folder, 'x.yaml'), path: '', message: expect.stringMatching(message) },
    ]);
  });

  test('that is a device without end is read up to 5 MiB', () =>
    expect(failure(() => loadDocument('/dev/zero')).problems).toEqual([
      { file: '/dev/zero', path: '', message: expect.stringMatching(/at most 5242880/) },
    ]));

  test('that starts with a byte order mark is read', () => {
    write({ 'x.yaml': `\uFEFF${PROMPT}` });
    expect(loadDocument(join(folder, 'x.yaml')).kind).toBe('Prompt');
  });

  test('is read by the function that is given', () =>
    expect(loadDocument('anywhere', () => SUITE)).toMatchObject({ kind: 'Suite', file: 'anywhere' }));
});

describe('checking a file', () => {
  test('finds the problems of a pipeline and of the files it names in one run', () => {
    const path = write({
      'pipeline.yaml': `${PIPELINE}  rollot: {}\n`,
      ...FILES,
      'suites/s.yaml': SUITE.replace('[{}]', '[]'),
    });
    const { kinds, problems } = checkFile(path);
    expect(kinds).toEqual([]);
    expect(problems.map(({ file = '', path: at }) => [file.replace(`${folder}/`, ''), at])).toEqual([
      ['pipeline.yaml', 'spec.rollot'],
      ['suites/s.yaml', 'spec.cases'],
    ]);
  });

  test('names the kinds of sound documents', () => {
    const path = write({ 'pipeline.yaml': PIPELINE, ...FILES, 'two.yaml': `${PROMPT}---\n${SUITE}` });
    expect(checkFile(path)).toEqual({ kinds: ['Pipeline'], problems: [] });
    expect(checkFile(join(folder, 'two.yaml'))).toEqual({ kinds: ['Prompt', 'Suite'], problems: [] });
  });

  test('gives a list for a file that is no text, and fails for one that is not there', () => {
    write({ 'x.yaml': Uint8Array.of(0xff) });
    expect(checkFile(join(folder, 'x.yaml')).problems).toHaveLength(1);
    expect(failure(() => checkFile(join(folder, 'none.yaml'))).code).toBe('FILE_UNREADABLE');
  });
});

describe('a bundle from memory', () => {
  test('finds files however their paths are written', () =>
    expect(
      readPipelineBundle({
        document: PIPELINE,
        files: { './prompts//bot.yaml': PROMPT, './suites/s.yaml': SUITE, 'x/../promptfooconfig.yaml': PROMPTFOO },
      }).prompt?.file,
    ).toBe('prompts/bot.yaml'));

  test.each(['../bot.yaml', 'prompts/../../bot.yaml', '/etc/passwd', 'C:\\bot.yaml', '..'])(
    'refuses the path %s',
    path => {
      const document = PIPELINE.replace('./prompts/bot.yaml', path);
      const error = failure(() => readPipelineBundle({ document, files: { ...FILES, [path]: PROMPT } }));
      expect(placesOf(error)).toEqual([
        expect.stringMatching(
          /^pipeline:5 spec\.target\.prompt\.file ".*" must be relative to the folder of the pipeline, inside it/,
        ),
      ]);
    },
  );

  test('names what was sent when a file is missing', () => {
    const error = failure(() =>
      readPipelineBundle({ document: PIPELINE, files: { 'prompts/bot.yaml': PROMPT, 'suites/s.yaml': SUITE } }),
    );
    expect(placesOf(error)).toEqual([
      expect.stringMatching(
        /suites\[1\] cannot read "promptfooconfig\.yaml": it is not among the files of the request; sent: "prompts\/bot\.yaml" or "suites\/s\.yaml"/,
      ),
    ]);
  });

  test('does not take a property of every object for a file', () => {
    const document = PIPELINE.replace('./prompts/bot.yaml', 'constructor');
    expect(placesOf(failure(() => readPipelineBundle({ document, files: FILES })))).toEqual([
      expect.stringMatching(/cannot read "constructor"/),
    ]);
  });

  test.each([null, 5, [], {}, 'hello', { kind: 'Pipeline' }])('refuses the document %j', document =>
    expect(failure(() => readPipelineBundle({ document, files: {} })).code).toBe('CONFIG_INVALID'),
  );

  test('with a file that is no text is refused', () => {
    const files = { ...FILES, 'suites/s.yaml': 5 } as unknown as Record<string, string>;
    expect(failure(() => readPipelineBundle({ document: PIPELINE, files })).problems).toEqual([
      { path: 'files["suites/s.yaml"]', message: 'must be text; found 5' },
    ]);
  });

  test('of more than 1 MiB is refused, the pipeline counted', () => {
    const files = { a: 'x'.repeat(500_000), b: 'x'.repeat(500_000) };
    const document = '#'.repeat(100_000);
    expect(failure(() => readPipelineBundle({ document, files })).problems).toEqual([
      { path: 'files', message: expect.stringMatching(/hold 1100000 bytes together .* at most 1048576 \(1 MiB\)/) },
    ]);
  });
});
