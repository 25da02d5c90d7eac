import { describe, expect, test } from 'vitest';
import type { SpillwayError } from '../errors.ts';
import { digestOf } from './digest.ts';
import { parseDocument, parseDocuments } from './load.ts';
import type { SuitePlan } from './plan.ts';

const SUITE = 'apiVersion: spillway.dev/v1alpha1\nkind: Suite\nmetadata: { name: s }\nspec:\n';
const PROMPT = 'apiVersion: spillway.dev/v1alpha1\nkind: Prompt\nmetadata: { name: p }\nspec:\n';

function suiteFor(spec: string): SuitePlan {
  const loaded = parseDocument(SUITE + spec, 's.yaml');
  if (loaded.kind !== 'Suite') throw new Error(loaded.kind);
  return loaded.suite;
}

function problemsOf(text: string): string[] {
  try {
    parseDocuments(text, 's.yaml');
  } catch (error) {
    return (error as SpillwayError).problems.map(
      ({ line, column, path, message }) => `${line}:${column} ${path} ${message}`,
    );
  }
  return [];
}

describe('a suite', () => {
  test('of one bare case asks for an answer and nothing else', () => {
    expect(suiteFor('  provider: { id: echo }\n  cases: [{}]')).toEqual({
      name: 's',
      file: 's.yaml',
      provider: { id: 'echo', config: {} },
      cases: [{ id: 'case-1', name: 'case-1', vars: {}, graders: [] }],
      prompts: [],
    });
  });

  test('in full reaches the plan field by field', () => {
    const suite = suiteFor(`
  provider: { id: "openai:chat:m", label: L, config: { temperature: 0, apiKeyEnvar: MY_KEY } }
  prompts: [{ template: "{{q}}" }]
  cases:
    - name: greets
      vars: { q: hello, n: 3 }
      threshold: 0.5
      graders:
        - { type: contains, value: hi, not: true, weight: 0, threshold: 1, metric: tone }
        - { type: contains-any, value: [a, 1] }
        - { type: equals, value: { a: [1] } }
        - { type: regex, value: "^{{q}}(" }
`);
    expect(suite.provider).toEqual({
      id: 'openai:chat:m',
      label: 'L',
      config: { temperature: 0, apiKeyEnvar: 'MY_KEY' },
    });
    expect(suite.prompts).toEqual([{ template: '{{q}}' }]);
    expect(suite.cases).toEqual([
      {
        id: 'greets',
        name: 'greets',
        vars: { q: 'hello', n: 3 },
        threshold: 0.5,
        graders: [
          { type: 'contains', value: 'hi', not: true, weight: 0, metric: 'tone' },
          { type: 'contains-any', value: ['a', '1'], not: false, weight: 1 },
          { type: 'equals', value: { a: [1] }, not: false, weight: 1 },
          { type: 'regex', value: '^{{q}}(', not: false, weight: 1 },
        ],
      },
    ]);
  });

  test.each<[string, string, RegExp]>([
    ['without a case', '  provider: { id: echo }\n  cases: []', /^6:10 spec\.cases must hold at least 1/],
    ['without a provider', '  cases: [{}]', /^5:3 spec\.provider is required/],
    [
      'with a provider that is not run',
      '  provider: { id: "anthropic:x" }\n  cases: [{}]',
      /^5:19 spec\.provider\.id must be `openai:chat:<model>`.*found "anthropic:x"/,
    ],
    [
      'with a setting that is not used',
      '  provider: { id: echo, config: { temprature: 1 } }\n  cases: [{}]',
      /^5:35 .*unknown field "temprature"; did you mean "temperature"/,
    ],
    [
      'with two cases of one name',
      '  provider: { id: echo }\n  cases:\n    - { name: a }\n    - { name: b }\n    - { name: a }',
      /^9:15 spec\.cases\[2\]\.name "a" is the name of cases\[0\], line 7 too/,
    ],
    [
      'with a name that is the number of another case',
      '  provider: { id: echo }\n  cases: [{ name: case-2 }, {}]',
      /^6:29 spec\.cases\[1\]\.name "case-2" is the name of cases\[0\]/,
    ],
    [
      'with an unknown grader',
      '  provider: { id: echo }\n  cases: [{ graders: [{ type: contain, value: a }] }]',
      /^6:31 .*must be equals, contains.*found "contain"; did you mean contains\?/,
    ],
    [
      'with a grader without a value',
      '  provider: { id: echo }\n  cases: [{ graders: [{ type: equals }] }]',
      /^6:23 .*value is required/,
    ],
    [
      'with a grader that could never fail',
      '  provider: { id: echo }\n  cases: [{ graders: [{ type: contains, value: "" }] }]',
      /^6:48 .*must be text that is not empty, for contains; found ""/,
    ],
    [
      'with a text where a list belongs',
      '  provider: { id: echo }\n  cases: [{ graders: [{ type: contains-all, value: "a, b" }] }]',
      /^6:52 .*must be a list of texts, for contains-all/,
    ],
    [
      'with an empty list of texts',
      '  provider: { id: echo }\n  cases: [{ graders: [{ type: contains-any, value: [] }] }]',
      /^6:52 .*must be a list of texts that is not empty/,
    ],
    [
      'with a wrong regular expression',
      '  provider: { id: echo }\n  cases: [{ graders: [{ type: regex, value: "(" }] }]',
      /^6:45 .*is not a regular expression: Unterminated group/,
    ],
    [
      'with a password in an address of another kind, which is not shown',
      '  provider: { id: "openai:chat:m", config: { apiBaseUrl: "ftp://ann:s3cret@h" } }\n  cases: [{}]',
      /^(?!.*s3cret).*must be an http or https URL.*ftp:\/\/\[hidden\]@h/,
    ],
    [
      'with a threshold above 1',
      '  provider: { id: echo }\n  cases: [{ threshold: 2 }]',
      /^6:24 .*threshold must be at most 1/,
    ],
    [
      'with a weight below 0',
      '  provider: { id: echo }\n  cases: [{ graders: [{ type: equals, value: 1, weight: -1 }] }]',
      /^6:57 .*weight must be at least 0; found -1/,
    ],
  ])('%s is refused', (_name, spec, problem) =>
    expect(problemsOf(SUITE + spec)).toEqual([expect.stringMatching(problem)]),
  );

  test('never shows what stands where a key belongs', () => {
    const text = `${SUITE}  provider: { id: echo, config: { apiKey: [sk-very-secret], headers: { a: [secret] }, apiKeyEnvar: sk-very-secret } }\n  cases: [{}]`;
    const problems = problemsOf(text);
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain('secret');
  });
});

describe('a prompt', () => {
  test('is named by the digest of its spec as written, nothing filled in', () => {
    const loaded = parseDocument(
      `${PROMPT}  messages: [{ role: user, content: "{{q}}" }]\n  parameters: { temperature: 0 }`,
      'p.yaml',
    );
    const spec = { messages: [{ role: 'user', content: '{{q}}' }], parameters: { temperature: 0 } };
    expect(loaded).toEqual({
      kind: 'Prompt',
      file: 'p.yaml',
      prompt: { name: 'p', spec, version: digestOf(spec), file: 'p.yaml' },
    });
  });

  test.each<[string, string, RegExp]>([
    [
      'with both forms',
      '  messages: [{ role: user, content: a }]\n  template: b',
      /^6:3 spec\.template cannot stand beside `messages`/,
    ],
    ['with neither form', '  model: m', /^5:3 spec needs `messages` .* or `template`/],
    [
      'with an unknown role',
      '  messages: [{ role: usr, content: a }]',
      /^5:22 .*must be system, developer, user or assistant; found "usr"; did you mean user\?/,
    ],
    ['with a number as content', '  messages: [{ role: user, content: 5 }]', /^5:37 .*content must be text.*found 5/],
    ['with a template that YAML reads as a mapping', '  template: {{q}}', /must be text|keys must be strings/],
    [
      'with the model among the parameters',
      '  template: a\n  parameters: { model: m }',
      /^6:17 spec\.parameters\.model stands in `model`/,
    ],
  ])('%s is refused', (_name, spec, problem) => expect(problemsOf(PROMPT + spec)[0]).toMatch(problem));
});

test('several documents may stand in one file, each with its own kind', () => {
  const text = `${PROMPT}  template: a\n---\n${SUITE}  provider: { id: echo }\n  cases: [{}]\n`;
  expect(parseDocuments(text, 'all.yaml').map(({ kind }) => kind)).toEqual(['Prompt', 'Suite']);
  expect(() => parseDocument(text, 'all.yaml')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test('a suite with thousands of mistakes lists the first of them and says so', () => {
  const cases = Array.from({ length: 2_000 }, (_, index) => `    - { nme: c${index} }`).join('\n');
  const problems = problemsOf(`${SUITE}  provider: { id: echo }\n  cases:\n${cases}`);
  expect(problems).toHaveLength(501);
  expect(problems.filter(problem => /unknown field "nme"/.test(problem))).toHaveLength(500);
  expect(problems.join()).toContain('has 500 problems or more; these are the first');
});
