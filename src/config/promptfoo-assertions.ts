/** promptfoo's assertions as graders: the text assertions, plain and negated. All other types and fields are named as not yet run. */
import { type Report, unknownFieldMessage } from './check.ts';
import { GRADER_TYPES, graderValue, isGraderType } from './grader.ts';
import type { GraderPlan } from './plan.ts';
import { LATER_ASSERTIONS } from './promptfoo-names.ts';
import { notYet } from './promptfoo-prompts.ts';
import { nearest, show } from './show.ts';
import type { Path } from './source.ts';

const ASSERT_FIELDS = ['type', 'value', 'weight', 'threshold', 'metric'];
const LATER_ASSERT_FIELDS = ['provider', 'rubricPrompt', 'transform', 'contextTransform', 'config', 'assert'];

export function readAssertions(value: unknown, path: Path, report: Report): GraderPlan[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    report(path, `must be a list of assertions; found ${show(value)}`);
    return [];
  }
  return value.flatMap((item, index) => readAssertion(item, [...path, index], report) ?? []);
}

function readAssertion(value: unknown, path: Path, report: Report): GraderPlan | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(path, `must be a mapping with type and value; found ${show(value)}`);
    return undefined;
  }
  const { type: written, value: text, weight, threshold, metric } = value as Record<string, unknown>;
  const base = typeof written === 'string' ? written.replace(/^not-/, '') : '';
  const isAnotherKind = LATER_ASSERTIONS.includes(base) || base.startsWith('promptfoo:');
  if (!isGraderType(base)) {
    report([...path, 'type'], typeMessage(written, base, isAnotherKind));
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (ASSERT_FIELDS.includes(key)) continue;
    const isLater = LATER_ASSERT_FIELDS.includes(key);
    report(path, isLater ? notYet(`"${key}" of an assertion`) : unknownFieldMessage(key, ASSERT_FIELDS), key);
  }
  const share = numberIn(weight, [...path, 'weight'], report, number => number >= 0, 'a number, 0 or more');
  // A text assertion scores 0 or 1, so a threshold in this range changes nothing: accepted, and not kept.
  numberIn(threshold, [...path, 'threshold'], report, isShare, 'a number above 0 and at most 1');
  if (metric !== undefined && (typeof metric !== 'string' || metric === '' || metric.includes('{{')))
    report([...path, 'metric'], `must be the name of a metric, without a template; found ${show(metric)}`);
  if (typeof text === 'string' && /^(file|package):\/\//.test(text)) {
    report([...path, 'value'], `${show(text)}: ${notYet('a value from a file')}. Write it here`);
    return undefined;
  }
  const known = graderValue(base, text, [...path, 'value'], report);
  if (known === undefined) return undefined;
  return {
    type: base,
    value: known,
    not: base !== written,
    weight: share ?? 1,
    ...(typeof metric === 'string' ? { metric } : {}),
  };
}

function typeMessage(written: unknown, base: string, isAnotherKind: boolean): string {
  const all = `${GRADER_TYPES.join(', ')}, each also with "not-" before it`;
  if (isAnotherKind) return `${notYet(`assertion type ${show(written)}`)}. Supported: ${all}`;
  if (written === undefined) return `is required: ${all}`;
  const meant = typeof written === 'string' ? nearest(base, [...GRADER_TYPES, ...LATER_ASSERTIONS]) : undefined;
  const guess = meant === undefined ? '.' : `; did you mean "${meant}"?`;
  return `unknown assertion type ${show(written)}${guess} Supported: ${all}`;
}

/** The number, or undefined when it is absent or, after a report, not allowed. */
export function numberIn(
  value: unknown,
  path: Path,
  report: Report,
  holds: (value: number) => boolean,
  allowed: string,
): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && holds(value)) return value;
  report(path, `must be ${allowed}; found ${show(value)}`);
  return undefined;
}

export function isShare(value: number): boolean {
  return value > 0 && value <= 1;
}
