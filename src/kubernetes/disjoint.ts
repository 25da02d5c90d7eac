/**
 * Labels for the candidate's pods under which no selector of the stable ones finds them: a Service that selected them would
 * send them requests beside the route, and a Deployment would take them for its own. The values of as few labels as
 * possible change, because others (dashboards, policies) know the pods by them too. Pure.
 */
import { requirementsOf, selects } from './labels.ts';
import type { LabelSelector, Labels, Requirement } from './objects.ts';

export interface NamedSelector {
  /** For people: `Service shop/web`. */
  name: string;
  selector: LabelSelector;
}

export type Disjoint = { labels: Labels; changed: string[] } | { refused: string };

const MARK = 'candidate';
const SUFFIX = `-${MARK}`;
const VALUE_MAX = 63;
/** Selectors that need more labels changed than this do not occur; all subsets are tried. */
const KEYS_MAX = 8;

/** @param labels of the new template. @param selectors all that must not find the candidate's pods */
export function disjointLabels(labels: Labels, selectors: readonly NamedSelector[]): Disjoint {
  const inTheWay = selectors.filter(({ selector }) => selects(selector, labels));
  const deaf = inTheWay.find(({ selector }) => !requirementsOf(selector).some(one => isLostByValue(one, labels)));
  if (deaf) return { refused: refusalOf(deaf, labels) };
  const keys = keysOf(inTheWay, labels).slice(0, KEYS_MAX);
  for (const subset of bySize(keys)) {
    const changed = relabelled(labels, subset);
    if (!selectors.some(({ selector }) => selects(selector, changed))) return { labels: changed, changed: subset };
  }
  const found = selectors.find(({ selector }) => selects(selector, relabelled(labels, keys))) ?? inTheWay[0]!;
  return { refused: refusalOf(found, relabelled(labels, keys)) };
}

/**
 * Whether a Service with this selector may find pods with these labels, or with others that `disjointLabels` tries in their place:
 * those that may not need not be given to it, and most may not.
 */
export function mayFind(selector: Labels, labels: Labels): boolean {
  for (const key in selector) {
    const value = labels[key];
    if (value === undefined || (selector[key] !== value && !selector[key]!.endsWith(MARK))) return false;
  }
  return true;
}

/** Whether another value of its label makes a requirement fail that is met now. */
function isLostByValue({ key, operator, values = [] }: Requirement, labels: Labels): boolean {
  return operator === 'In' && !values.includes(suffixed(labels[key] ?? ''));
}

/** Those that most selectors look at come first, then by name: the same labels at every pass. */
function keysOf(selectors: readonly NamedSelector[], labels: Labels): string[] {
  const uses = new Map<string, number>();
  for (const { selector } of selectors)
    for (const key of new Set(
      requirementsOf(selector)
        .filter(one => isLostByValue(one, labels))
        .map(one => one.key),
    ))
      uses.set(key, (uses.get(key) ?? 0) + 1);
  return [...uses].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([key]) => key);
}

/** All subsets, small ones first, and among those of one size by the order of the keys. */
function bySize(keys: readonly string[]): string[][] {
  const subsets = Array.from({ length: 2 ** keys.length }, (_, bits) => keys.filter((_key, i) => bits & (1 << i)));
  const rank = (subset: readonly string[]) => subset.map(key => String(keys.indexOf(key)).padStart(2, '0')).join();
  return subsets.sort((a, b) => a.length - b.length || (rank(a) < rank(b) ? -1 : 1));
}

function relabelled(labels: Labels, keys: readonly string[]): Labels {
  return { ...labels, ...Object.fromEntries(keys.map(key => [key, suffixed(labels[key] ?? '')])) };
}

/** Within what a label may hold, and beginning with a letter or digit. */
export function suffixed(value: string): string {
  return value === '' ? MARK : `${value.slice(0, VALUE_MAX - SUFFIX.length)}${SUFFIX}`;
}

function refusalOf({ name, selector }: NamedSelector, labels: Labels): string {
  const text = requirementsOf(selector).map(showRequirement).join(', ');
  const shown = text === '' ? 'every pod' : `pods with ${text}`;
  const from = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
  return `${name} selects ${shown}, and so would the pods of a candidate with other values for its labels (${from}); give it a label with a value of its own to select by, such as app=web`;
}

function showRequirement({ key, operator, values = [] }: Requirement): string {
  if (operator === 'In' && values.length === 1) return `${key}=${values[0]}`;
  return values.length === 0 ? `${key} ${operator}` : `${key} ${operator} (${values.join(', ')})`;
}
