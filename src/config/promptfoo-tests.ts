/**
 * The tests of a promptfoo config as cases: defaults merged under each test, lists of texts in variables multiplied out,
 * assertions as graders. Every field either takes effect or is a problem at its place.
 */
import { type Report, unknownFieldMessage } from './check.ts';
import type { CasePlan, GraderPlan, Json } from './plan.ts';
import { isShare, numberIn, readAssertions } from './promptfoo-assertions.ts';
import { notYet } from './promptfoo-prompts.ts';
import { show } from './show.ts';
import type { Path } from './source.ts';

type Fields = Record<string, unknown>;
type Vars = CasePlan['vars'];

interface Test {
  description?: string;
  vars: Vars;
  graders: GraderPlan[];
  threshold?: number;
  disableDefaultAsserts: boolean;
}

const TEST_FIELDS = ['description', 'vars', 'assert', 'threshold', 'metadata', 'options'];
const LATER_TEST_FIELDS = ['provider', 'providers', 'prompts', 'providerOutput', 'assertScoringFunction'];
const MAX_CASES = 100_000;

export function readCases(config: Fields, report: Report): CasePlan[] {
  const fallback = readDefaults(config['defaultTest'], report);
  const tests = config['tests'];
  if (tests === undefined) {
    report([], 'has no `tests`; a suite needs at least one case');
    return [];
  }
  if (!Array.isArray(tests)) {
    report(['tests'], `${notYet('reading tests from a file or a generator')}. Write them here, as a list`);
    return [];
  }
  if (tests.length === 0) report(['tests'], 'is empty; a suite needs at least one case');
  const cases: CasePlan[] = [];
  const ids = new Map<string, number>();
  for (const [index, item] of tests.entries()) {
    if (typeof item === 'string')
      report(['tests', index], `${show(item)}: ${notYet('a test from a file or a service')}. Write it here`);
    const test = readTest(item, ['tests', index], report);
    if (!test) continue;
    if (!addCases(cases, ids, merged(fallback, test))) {
      report(['tests', index, 'vars'], `its lists multiply out to more than ${MAX_CASES} cases in this file`);
      break;
    }
  }
  return cases;
}

function readDefaults(value: unknown, report: Report): Test | undefined {
  if (typeof value !== 'string') return value === undefined ? undefined : readTest(value, ['defaultTest'], report);
  report(['defaultTest'], `${notYet('defaultTest from a file')}. Write it here`);
  return undefined;
}

function merged(fallback: Test | undefined, test: Test): Test {
  if (!fallback) return test;
  const threshold = test.threshold ?? fallback.threshold;
  return {
    ...test,
    vars: { ...fallback.vars, ...test.vars },
    graders:
      test.disableDefaultAsserts || fallback.disableDefaultAsserts
        ? test.graders
        : [...fallback.graders, ...test.graders],
    ...(threshold === undefined ? {} : { threshold }),
  };
}

function readTest(value: unknown, path: Path, report: Report): Test | undefined {
  if (typeof value === 'string') return undefined;
  if (!isFields(value)) {
    report(path, `must be a mapping; found ${show(value)}`);
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (TEST_FIELDS.includes(key)) continue;
    const isLater = LATER_TEST_FIELDS.includes(key);
    report(path, isLater ? notYet(`"${key}" of a test`) : unknownFieldMessage(key, TEST_FIELDS), key);
  }
  const { description, threshold } = value;
  if (description !== undefined && typeof description !== 'string')
    report([...path, 'description'], `must be text; found ${show(description)}`);
  const limit = numberIn(threshold, [...path, 'threshold'], report, isShare, 'a number above 0 and at most 1');
  return {
    ...(typeof description === 'string' && description.trim() !== '' ? { description: description.trim() } : {}),
    vars: readVars(value['vars'], [...path, 'vars'], report),
    graders: readAssertions(value['assert'], [...path, 'assert'], report),
    ...(limit === undefined ? {} : { threshold: limit }),
    disableDefaultAsserts: readOptions(value['options'], [...path, 'options'], report),
  };
}

/** @returns whether the assertions of `defaultTest` are left out */
function readOptions(value: unknown, path: Path, report: Report): boolean {
  if (value === undefined || value === null) return false;
  if (!isFields(value)) {
    report(path, `must be a mapping; found ${show(value)}`);
    return false;
  }
  const { disableDefaultAsserts, runSerially: _order, ...rest } = value;
  for (const key of Object.keys(rest)) report(path, notYet(`"${key}" of the options of a test`), key);
  if (disableDefaultAsserts !== undefined && typeof disableDefaultAsserts !== 'boolean')
    report([...path, 'disableDefaultAsserts'], `must be true or false; found ${show(disableDefaultAsserts)}`);
  return disableDefaultAsserts === true;
}

function readVars(value: unknown, path: Path, report: Report): Vars {
  if (value === undefined || value === null) return {};
  if (!isFields(value)) {
    report(path, `${notYet('reading variables from a file')}. Write them here, as a mapping; found ${show(value)}`);
    return {};
  }
  for (const [name, item] of Object.entries(value))
    for (const text of Array.isArray(item) ? item : [item])
      if (typeof text === 'string' && text.startsWith('file://'))
        report([...path, name], `${show(text)}: ${notYet('a variable from a file')}. Write its text here`);
  return value as Vars;
}

/** Adds a case for every combination of the texts in list variables. @returns false when there would be too many */
function addCases(cases: CasePlan[], ids: Map<string, number>, test: Test): boolean {
  const count = Object.values(test.vars).reduce<number>((product, value) => product * choicesOf(value).length, 1);
  if (cases.length + count > MAX_CASES) return false;
  for (const vars of combinations(test.vars)) {
    const name = test.description ?? `case-${cases.length + 1}`;
    const id = freeId(name, ids);
    const { threshold } = test;
    cases.push({ id, name, vars, ...(threshold === undefined ? {} : { threshold }), graders: test.graders });
  }
  return true;
}

/** The name itself, or the name with the number of its next copy. */
function freeId(name: string, ids: Map<string, number>): string {
  let copies = (ids.get(name) ?? 0) + 1;
  let id = copies === 1 ? name : `${name} (${copies})`;
  while (copies > 1 && ids.has(id)) id = `${name} (${++copies})`;
  ids.set(name, copies);
  if (id !== name) ids.set(id, 1);
  return id;
}

function combinations(vars: Vars): Vars[] {
  let rows: Vars[] = [{}];
  for (const [name, value] of Object.entries(vars))
    rows = rows.flatMap(row => choicesOf(value).map(choice => ({ ...row, [name]: withoutLastBreak(choice) })));
  return rows;
}

/** A list whose first item is a text stands for its items, one case each; any other list is one value. */
function choicesOf(value: Json): Json[] {
  return Array.isArray(value) && typeof value[0] === 'string' ? value : [value];
}

/** YAML block texts end in a line break that nobody means; promptfoo cuts it too. */
function withoutLastBreak(value: Json): Json {
  return typeof value === 'string' ? value.replace(/\n$/, '') : value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
