import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_FILE_BYTES, parseText, sourceOfValue } from './parse-text.ts';
import { formatPath } from './source.ts';

function problemsOf(text: string): string[] {
  return parseText(text, 'a.yaml').problems.map(({ line, column, path, message }) =>
    `${line ?? '-'}:${column ?? '-'} ${path} ${message}`.replace('  ', ' '),
  );
}

describe('a text that cannot be trusted to mean one thing', () => {
  test.each<[string, string, RegExp[]]>([
    [
      'a key that stands twice',
      'a: 1\nb: { c: 1, "c": 2 }\na: 3',
      [/^3:1 the key "a" stands twice.*first in line 1/, /^2:12 the key "c" stands twice.*line 2/],
    ],
    ['a bracket left open', 'a: [1, 2\nb: 3', [/^2:1 is not valid YAML: Flow sequence/]],
    ['an unknown tag', 'a: !secret x', [/^1:4 a tag is not known here/]],
    ['an alias without an anchor', 'a: *b', [/an alias names an anchor that is not set/]],
    ['a mapping as key', '? { a: 1 }\n: b', [/^1:3 is not valid YAML: .*keys must be strings/]],
    ['not a number', 'a: { b: .nan }', [/^1:9 a\.b is NaN; numbers must be finite/]],
    ['an endless number', 'a: [-.inf]', [/^1:5 a\[0\] is -Infinity/]],
    ['a number with more digits than are kept', 'a: 9007199254740993', [/^1:4 a is a whole number with more digits/]],
    [
      'a key that JavaScript treats specially',
      'a:\n  __proto__: { b: 1 }',
      [/^2:3 a\.__proto__ is a name that no field may have/],
    ],
    ['a zero byte', 'a: \u0000', [/^-:- is a binary file/]],
    ['nothing', ' \n', [/^-:- is empty/]],
  ])('%s is a problem at its place', (_name, text, expected) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(expected.length);
    for (const [index, problem] of problems.entries()) expect(problem).toMatch(expected[index]!);
  });

  test('shows no piece of a text that may be a key', () => {
    expect(problemsOf('apiKey: "a" "sk-very-secret"').join()).not.toContain('secret');
    expect(problemsOf('apiKey: sk-very-secret: x').join()).not.toContain('secret');
  });
});

describe('a text that would exhaust the machine', () => {
  test('a bomb of aliases is refused', () => {
    const letters = [...'abcdefghi'];
    const lines = letters.map((letter, index) => {
      const item = index === 0 ? 'x' : `*${letters[index - 1]}`;
      return `${letter}: &${letter} [${Array(10).fill(item).join(', ')}]`;
    });
    expect(problemsOf(lines.join('\n'))).toEqual([
      expect.stringMatching(/aliases expand to more than|more than 1,000,000 values/),
    ]);
  });

  test('a bomb of a few wide aliases is refused', () => {
    const wide = `a: &a [${Array(2_000).fill('1').join(', ')}]\nb: [${Array(2_000).fill('*a').join(', ')}]`;
    expect(problemsOf(wide)).toEqual([expect.stringMatching(/holds more than 1,000,000 values, aliases counted/)]);
  });

  test.each<[string, string]>([
    ['brackets', '['.repeat(1_000_000)],
    ['braces', '{a: '.repeat(300_000)],
    ['list marks in one line', '- '.repeat(500_000)],
    ['brackets that do close', `a: ${'['.repeat(150)}${']'.repeat(150)}`],
  ])('nesting by %s is refused before it is parsed', (_name, text) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(/is nested deeper than 100 levels/)]);
  });

  test('more values than a file may hold are refused', () =>
    expect(problemsOf('- 1\n'.repeat(600_000))).toEqual([expect.stringMatching(/holds more values than are read/)]));

  test('more documents than a file may hold are refused', () => {
    expect(problemsOf('---\na: 1\n'.repeat(1_000))).toEqual([]);
    expect(problemsOf('---\n'.repeat(1_001))).toEqual([expect.stringMatching(/more than 1,000 documents/)]);
  });

  test('more aliases than a file may use are refused', () =>
    expect(problemsOf(`a: &a 1\n${'- *a\n'.repeat(10_001)}`)).toEqual([
      expect.stringMatching(/uses more than 10,000 aliases/),
    ]));

  test('more than 5 MiB are refused', () =>
    expect(problemsOf(`a: ${'x'.repeat(MAX_FILE_BYTES)}`)).toEqual([
      expect.stringMatching(/is \d+ bytes long; at most 5242880/),
    ]));

  test('brackets inside texts do not count as nesting', () => {
    const text = `a: "${'['.repeat(500)}"\nb: ${'x['.repeat(200)}\nc: |\n  ${'[\n  '.repeat(300)}`;
    expect(problemsOf(text)).toEqual([]);
  });

  test('thousands of uses of one anchor are fine', () => {
    const uses = Array.from({ length: 3_000 }, (_, index) => `k${index}: { <<: *base, own: ${index} }`);
    const { sources, problems } = parseText(`base: &base { shared: 1 }\n${uses.join('\n')}`, 'a.yaml');
    expect(problems).toEqual([]);
    expect(sources[0]!.value).toMatchObject({ k2999: { shared: 1, own: 2_999 } });
  });
});

describe('a place in a text', () => {
  test('is known in JSON with tabs as in YAML', () => {
    const { sources } = parseText('{\n\t"a": {\n\t\t"b": [1, 2]\n\t}\n}', 'a.json');
    expect(sources[0]!.positionOf(['a', 'b', 1])).toEqual({ line: 3, column: 12 });
    expect(sources[0]!.positionOf(['a'], 'b')).toEqual({ line: 3, column: 3 });
  });

  test('of something missing is that of the nearest thing around it', () => {
    const [source] = parseText('a:\n  b: { c: 1 }\n', 'a.yaml').sources;
    expect(source!.positionOf(['a', 'b', 'x', 'y'])).toEqual({ line: 2, column: 6 });
  });

  test('behind an alias or a merge is where the value is written', () => {
    const [source] = parseText('base: &base\n  x: 1\nuse: *base\nmerged:\n  <<: *base\n', 'a.yaml').sources;
    expect(source!.positionOf(['use', 'x'])).toEqual({ line: 2, column: 6 });
    expect(source!.positionOf(['merged', 'x'])).toEqual({ line: 2, column: 6 });
  });

  test('in the second document of a file counts lines from the top', () => {
    const { sources } = parseText('a: 1\n---\nb: 2\n', 'a.yaml');
    expect(sources.map(({ value }) => value)).toEqual([{ a: 1 }, { b: 2 }]);
    expect(sources[1]!.positionOf(['b'])).toEqual({ line: 3, column: 4 });
  });

  test('is written as a path that can be read back', () =>
    expect(formatPath(['spec', 'stages', 1, 'a b', 'c'])).toBe('spec.stages[1]["a b"].c'));
});

test('any JSON is read as JSON.parse reads it', () => {
  const clean = fc.jsonValue({ maxDepth: 4 }).filter(value => !JSON.stringify(value).includes('__proto__'));
  fc.assert(
    fc.property(clean, value => {
      const text = JSON.stringify({ value });
      if (text.includes('\\u0000')) return;
      const { sources, problems } = parseText(text, 'a.json');
      if (problems.some(({ message }) => message.includes('more digits'))) return;
      expect(problems).toEqual([]);
      expect(sources[0]!.value).toEqual(JSON.parse(text));
    }),
  );
});

test('a document that came as JSON is checked for the same things', () => {
  const { sources, problems } = sourceOfValue(
    JSON.parse('{ "a": { "__proto__": 1 }, "b": 12345678901234567890 }'),
    'pipeline',
  );
  expect(sources).toEqual([]);
  expect(problems.map(({ path }) => path)).toEqual(['a.__proto__', 'b']);
});
