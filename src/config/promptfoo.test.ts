import { describe, expect, test } from 'vitest';
import type { SpillwayError } from '../errors.ts';
import { splitAtCommas } from './grader.ts';
import { parseDocument } from './load.ts';
import type { SuitePlan } from './plan.ts';

function suiteFor(text: string): SuitePlan {
  const loaded = parseDocument(text, 'promptfooconfig.yaml');
  if (loaded.kind !== 'promptfoo') throw new Error(loaded.kind);
  return loaded.suite;
}

function problemsOf(text: string): string[] {
  try {
    parseDocument(text, 'promptfooconfig.yaml');
  } catch (error) {
    return (error as SpillwayError).problems.map(
      ({ line, column, path, message }) => `${line}:${column} ${path} ${message}`,
    );
  }
  return [];
}

const ONE = 'providers: echo\ntests: [{}]\n';
const casesOf = (tests: string) => suiteFor(`providers: echo\n${tests}`).cases;

describe('the prompts of a promptfoo config', () => {
  test.each<[string, string, unknown]>([
    ['a text', 'prompts: "Say {{x}}"', [{ template: 'Say {{x}}' }]],
    ['a list of texts, all kept', 'prompts: ["a {{x}}", "b"]', [{ template: 'a {{x}}' }, { template: 'b' }]],
    [
      'a text with a label',
      'prompts: [{ label: short, raw: "a" }, { id: "b {{x}}", label: long }]',
      [{ template: 'a' }, { template: 'b {{x}}' }],
    ],
    [
      'a chat as JSON',
      `prompts: ['[{"role":"system","content":"s"},{"role":"user","content":"{{x}}"}]']`,
      [
        {
          messages: [
            { role: 'system', content: 's' },
            { role: 'user', content: '{{x}}' },
          ],
        },
      ],
    ],
    [
      'a chat with content parts, kept as it is written',
      `prompts: ['[{"role":"user","content":[{"type":"text","text":"a"}]}]']`,
      [{ template: '[{"role":"user","content":[{"type":"text","text":"a"}]}]' }],
    ],
    ['a text that starts with a brace and is none', 'prompts: "{{x}} please"', [{ template: '{{x}} please' }]],
    [
      'a text that mentions a file',
      'prompts: "Summarise notes.txt for me"',
      [{ template: 'Summarise notes.txt for me' }],
    ],
    ['none: the artifact takes their place', '', []],
  ])('%s', (_name, prompts, expected) => expect(suiteFor(`${ONE}${prompts}\n`).prompts).toEqual(expected));

  test.each([
    'file://prompt.txt',
    'prompts/chat.json',
    'prompt.py:create',
    'prompts/*.txt',
    'exec:./prompt.sh',
    'langfuse://prompt:1',
  ])('from elsewhere are refused, never sent as text: %s', prompt =>
    expect(problemsOf(`${ONE}prompts: ["${prompt}"]\n`)).toEqual([
      expect.stringMatching(
        /^3:11 prompts\[0\] ".*" names a file or a service; .*not supported in this version.*NOT_SUPPORTED/,
      ),
    ]),
  );

  test.each<[string, string, RegExp]>([
    ['a mapping of files', 'prompts: { a.txt: A }', /^3:10 prompts a mapping of files to labels is not supported/],
    ['a chat as YAML inside a text', 'prompts: ["- role: user\\n  content: a"]', /^3:11 .*a chat written as YAML/],
    ['a JSON object', `prompts: ['{"messages": []}']`, /^3:11 .*a prompt that is a JSON object/],
    [
      'a prompt with a config',
      'prompts: [{ raw: a, config: { temperature: 1 } }]',
      /^3:21 prompts\[0\]\.config .*not supported/,
    ],
    ['a misspelt field', 'prompts: [{ raw: a, lable: b }]', /^3:21 .*unknown field "lable"; did you mean "label"/],
    ['an empty prompt', 'prompts: [" "]', /^3:11 .*must not be empty/],
  ])('%s is refused', (_name, prompts, problem) =>
    expect(problemsOf(`${ONE}${prompts}\n`)).toEqual([expect.stringMatching(problem)]),
  );
});

describe('the provider of a promptfoo config', () => {
  const providerFor = (text: string) => suiteFor(`${text}\ntests: [{}]\n`).provider;

  test.each<[string, string, unknown]>([
    ['echo', 'providers: echo', { id: 'echo', config: {} }],
    ['a name in a list', 'providers: ["openai:chat:gpt-4o-mini"]', { id: 'openai:chat:gpt-4o-mini', config: {} }],
    [
      'the short form of a chat model',
      'providers: ["openai:gpt-4o-mini"]',
      { id: 'openai:chat:gpt-4o-mini', config: {} },
    ],
    ['targets in place of providers', 'targets: [echo]', { id: 'echo', config: {} }],
    [
      'an object',
      'providers: [{ id: "openai:chat:m", label: L, config: { temperature: 0, max_tokens: 5 } }]',
      { id: 'openai:chat:m', label: 'L', config: { temperature: 0, max_tokens: 5 } },
    ],
    [
      'a mapping from the name',
      'providers: [{ "openai:chat:m": { config: { seed: 1 } } }]',
      { id: 'openai:chat:m', config: { seed: 1 } },
    ],
    [
      'every setting that the client uses',
      'providers: [{ id: "openai:chat:m", config: { apiBaseUrl: "http://h/v1", apiKeyEnvar: K, top_p: 1, stop: [a], response_format: { type: json_object }, passthrough: { x: 1 } } }]',
      {
        id: 'openai:chat:m',
        config: {
          apiBaseUrl: 'http://h/v1',
          apiKeyEnvar: 'K',
          top_p: 1,
          stop: ['a'],
          response_format: { type: 'json_object' },
          passthrough: { x: 1 },
        },
      },
    ],
    [
      'a key from the environment, by its name only',
      'providers: [{ id: "openai:chat:m", config: { apiKey: "{{ env.MY_KEY }}" } }]',
      { id: 'openai:chat:m', config: { apiKeyEnvar: 'MY_KEY' } },
    ],
  ])('%s', (_name, text, expected) => expect(providerFor(text)).toEqual(expected));

  test.each<[string, string, RegExp]>([
    ['several', 'providers: [echo, "openai:chat:m"]', /^1:19 providers\[1\] 2 providers are listed; name one/],
    ['none', 'providers: []', /^1:12 providers is empty; name one/],
    [
      'one that is not run',
      'providers: [anthropic:messages:x]',
      /^1:13 providers\[0\] provider "anthropic:messages:x" is not supported.*openai:chat:<model>/,
    ],
    ['a model of another API', 'providers: ["openai:gpt-3.5-turbo-instruct"]', /^1:13 .*is not supported/],
    ['a script', 'providers: [file://p.py]', /^1:13 .*is not supported/],
    ['a transform', 'providers: [{ id: echo, transform: output }]', /^1:25 providers\[0\]\.transform .*not supported/],
    [
      'a misspelt setting',
      'providers: [{ id: echo, config: { max_token: 1 } }]',
      /^1:35 .*unknown field "max_token"; did you mean "max_tokens"/,
    ],
    ['both names', 'providers: echo\ntargets: echo', /^2:1 targets stands beside `providers`/],
  ])('%s is refused', (_name, text, problem) =>
    expect(problemsOf(`${text}\ntests: [{}]\n`)).toEqual([expect.stringMatching(problem)]),
  );

  test('is required', () =>
    expect(problemsOf('prompts: a\ntests: [{}]\n')).toEqual([expect.stringMatching(/^1:1 {2}has no `providers`/)]));
});

describe('the tests of a promptfoo config', () => {
  test('become cases with every text assertion, plain and negated', () => {
    const types = ['equals', 'contains', 'icontains', 'regex', 'starts-with'];
    const asserts = types.flatMap(type => [`{ type: ${type}, value: a }`, `{ type: not-${type}, value: a }`]);
    const [only] = casesOf(`tests: [{ assert: [${asserts.join(', ')}] }]`);
    expect(only!.graders).toEqual(
      types.flatMap(type => [false, true].map(not => ({ type, value: 'a', not, weight: 1 }))),
    );
  });

  test('keep description, threshold, weight and metric', () => {
    expect(
      casesOf(
        'tests: [{ description: d, threshold: 0.5, assert: [{ type: contains, value: a, weight: 0, metric: m }] }]',
      ),
    ).toEqual([
      {
        id: 'd',
        name: 'd',
        vars: {},
        threshold: 0.5,
        graders: [{ type: 'contains', value: 'a', not: false, weight: 0, metric: 'm' }],
      },
    ]);
  });

  test.each(['contains-all', 'contains-any', 'icontains-all', 'icontains-any'])(
    'split the text of %s at its commas',
    type => {
      const value = (text: string) =>
        casesOf(`tests: [{ assert: [{ type: ${type}, value: ${text} }] }]`)[0]!.graders[0]!.value;
      expect(value(`'a, "b, c",d'`)).toEqual(['a', 'b, c', 'd']);
      expect(value('[x, "y, z", 3]')).toEqual(['x', 'y, z', '3']);
      expect(value('"{{words}}, d"')).toBe('{{words}}, d');
    },
  );

  test('take the defaults: variables under their own, assertions after the default ones, the threshold where they have none', () => {
    const cases = casesOf(`
defaultTest: { vars: { a: 1, b: 1 }, threshold: 0.5, assert: [{ type: contains, value: first }] }
tests:
  - { vars: { b: 2 }, assert: [{ type: contains, value: second }] }
  - { threshold: 1, options: { disableDefaultAsserts: true } }
`);
    expect(cases).toEqual([
      {
        id: 'case-1',
        name: 'case-1',
        vars: { a: 1, b: 2 },
        threshold: 0.5,
        graders: ['first', 'second'].map(value => ({ type: 'contains', value, not: false, weight: 1 })),
      },
      { id: 'case-2', name: 'case-2', vars: { a: 1, b: 1 }, threshold: 1, graders: [] },
    ]);
  });

  test('multiply lists of texts, the last one fastest, and leave other lists as values', () => {
    const cases = casesOf('tests: [{ description: d, vars: { a: [x, y], n: [1, 2], b: [p, q] } }]');
    expect(cases.map(({ id, vars }) => [id, vars['a'], vars['b'], vars['n']])).toEqual([
      ['d', 'x', 'p', [1, 2]],
      ['d (2)', 'x', 'q', [1, 2]],
      ['d (3)', 'y', 'p', [1, 2]],
      ['d (4)', 'y', 'q', [1, 2]],
    ]);
  });

  test('may share a description: their ids stay apart', () =>
    expect(
      casesOf('tests: [{ description: d }, { description: d }, { description: d (2) }]').map(({ id }) => id),
    ).toEqual(['d', 'd (2)', 'd (2) (2)']));

  test('lose the line break at the end of a block text', () =>
    expect(casesOf('tests:\n  - vars:\n      a: |\n        one\n        two\n')[0]!.vars).toEqual({ a: 'one\ntwo' }));

  test('may be merged from anchors', () =>
    expect(
      casesOf(
        'assertionTemplates: { base: &base { type: contains, value: a } }\ntests: [{ assert: [*base, { <<: *base, value: b }] }]',
      )[0]!.graders.map(({ value }) => value),
    ).toEqual(['a', 'b']));

  test('stop growing before they fill the memory', () => {
    const list = JSON.stringify(Array.from({ length: 100 }, (_, index) => `v${index}`));
    expect(
      problemsOf(`providers: echo\ntests: [{ vars: { a: ${list}, b: ${list}, c: ${list}, d: ${list} } }]`),
    ).toEqual([expect.stringMatching(/tests\[0\]\.vars its lists multiply out to more than 100000 cases/)]);
  });

  test.each<[string, string, RegExp]>([
    ['a missing list', 'description: d', /^1:1 {2}has no `tests`/],
    ['an empty list', 'tests: []', /^2:8 tests is empty/],
    ['a file of tests', 'tests: tests.csv', /^2:8 tests reading tests from a file or a generator is not supported/],
    ['a test from a file', 'tests: [file://a.yaml]', /^2:9 tests\[0\] "file:\/\/a\.yaml": a test from a file/],
    [
      'variables from a file',
      'tests: [{ vars: file://a.yaml }]',
      /^2:17 .*reading variables from a file is not supported/,
    ],
    [
      'a variable from a file',
      'tests: [{ vars: { a: file://a.txt } }]',
      /^2:22 tests\[0\]\.vars\.a .*a variable from a file is not supported/,
    ],
    [
      'an assertion of a later version',
      'tests: [{ assert: [{ type: llm-rubric, value: nice }] }]',
      /^2:28 .*assertion type "llm-rubric" is not supported in this version.*Supported: equals/,
    ],
    [
      'its negated form',
      'tests: [{ assert: [{ type: not-javascript, value: x }] }]',
      /^2:28 .*"not-javascript" is not supported in this version/,
    ],
    [
      'an assertion nobody knows',
      'tests: [{ assert: [{ type: containz, value: a }] }]',
      /^2:28 .*unknown assertion type "containz"; did you mean "contains"/,
    ],
    ['an assertion without a type', 'tests: [{ assert: [{ value: a }] }]', /^2:20 .*type is required: equals/],
    [
      'a transform of an assertion',
      'tests: [{ assert: [{ type: equals, value: a, transform: x }] }]',
      /^2:46 .*"transform" of an assertion is not supported/,
    ],
    [
      'a value from a file',
      'tests: [{ assert: [{ type: equals, value: file://a.txt }] }]',
      /^2:43 .*a value from a file is not supported/,
    ],
    [
      'a metric from a template',
      'tests: [{ assert: [{ type: equals, value: a, metric: "{{m}}" }] }]',
      /^2:54 .*without a template/,
    ],
    [
      'a wrong regular expression',
      'tests: [{ assert: [{ type: regex, value: "[" }] }]',
      /^2:42 .*is not a regular expression/,
    ],
    [
      'an option of a test',
      'tests: [{ options: { transform: x } }]',
      /^2:22 .*"transform" of the options of a test is not supported/,
    ],
    [
      'a provider of a test',
      'tests: [{ provider: echo }]',
      /^2:11 tests\[0\]\.provider "provider" of a test is not supported/,
    ],
    ['a misspelt field of a test', 'tests: [{ asert: [] }]', /^2:11 .*unknown field "asert"; did you mean "assert"/],
    [
      'a threshold that always passes',
      'tests: [{ threshold: 0 }]',
      /^2:22 .*must be a number above 0 and at most 1; found 0/,
    ],
    [
      'a template that reads the environment',
      'tests: [{ vars: { a: "{{ env.HOME }}" } }]',
      /^2:22 .*a template that reads the environment is not supported/,
    ],
    [
      'a reference',
      "tests: [{ assert: [{ $ref: '#/assertionTemplates/a', type: equals, value: a }] }]",
      /^2:22 .*\$ref is not supported.*YAML anchor/,
    ],
  ])('with %s are refused', (_name, tests, problem) =>
    expect(problemsOf(`providers: echo\n${tests}\n`)[0]!).toMatch(problem),
  );
});

describe('the other fields of a promptfoo config', () => {
  test('that change no answer and no verdict are accepted', () => {
    const text = `${ONE}description: d\ntags: { a: b }\nmetadata: { a: 1 }\noutputPath: out.json\nsharing: true\nwriteLatestResults: false
evaluateOptions: { maxConcurrency: 4, cache: false, showProgressBar: true, repeat: 1, delay: 0 }\n`;
    expect(problemsOf(text)).toEqual([]);
  });

  test.each<[string, RegExp]>([
    ['evaluateOptions: { repeat: 3 }', /^3:20 evaluateOptions\.repeat .*set spec\.test\.repeat of the pipeline/],
    ['evaluateOptions: { delay: 100 }', /^3:20 .*set spec\.test\.workers/],
    ['evaluateOptions: { maxConcurency: 4 }', /^3:20 .*unknown field "maxConcurency"; did you mean "maxConcurrency"/],
    ['scenarios: []', /^3:1 scenarios "scenarios" of a promptfoo config is not supported/],
    ['env: { A: b }', /^3:1 env .*not supported/],
    ['derivedMetrics: []', /^3:1 derivedMetrics .*not supported/],
    ['promts: a', /^3:1 promts unknown field "promts"; did you mean "prompts"/],
  ])('that do are refused: %s', (field, problem) =>
    expect(problemsOf(`${ONE}${field}\n`)).toEqual([expect.stringMatching(problem)]),
  );

  test('are all named at once', () => expect(problemsOf(`${ONE}scenarios: []\nenv: {}\npromts: a\n`)).toHaveLength(3));
});

test.each<[string, string[]]>([
  ['a,b', ['a', 'b']],
  [' a , b ', ['a', 'b']],
  ['"a, b", c', ['a, b', 'c']],
  ['"say ""hi""", x', ['say "hi"', 'x']],
  ['5" disk, b', ['5" disk', 'b']],
  ['a,,b,', ['a', 'b']],
  ['"open, b', ['"open', 'b']],
])('the text %s is split into %j', (text, parts) => expect(splitAtCommas(text)).toEqual(parts));
