/**
 * What one rendering may cost. A step (of a loop, a call, a filter, a variable that is read) costs more the larger the
 * values are that it may touch: a hundred thousand steps over a text that doubles in each would take minutes, and a list
 * that holds itself twice, twenty times over, is a million values in a few bytes. Rendering is synchronous: one budget.
 */
/** Loop iterations plus calls in one rendering, over small values. */
const STEPS_MAX = 100_000;
/** Characters: of a template, of any string that is read, taken or given, and of the result. */
export const TEXT_MAX = 1_048_576;
/** Characters of a list or a mapping, a value counted as ten, and what is in it twice counted twice. */
const SIZE_MAX = 4 * TEXT_MAX;
const VALUE_SIZE = 10;
/** Of this size and below, a step costs one. */
const SMALL = 1_000;

/** Lists and mappings of templates and variables never change, so each is measured once. */
const sizes = new WeakMap<object, number>();
let steps = 0;
let largest = 0;

/** A rendering begins. @throws Error the template is too long */
export function beginBudget(template: string): void {
  steps = 0;
  largest = bounded(template, 'the template').length;
}

/** Steps that may touch anything seen so far. @throws Error there are none left */
export function spend(count: number): void {
  charge(count * (1 + largest / SMALL));
}

/** A value is about to be used. @throws Error it is too large, or no steps are left for its size */
export function touch(value: unknown): void {
  const size = sizeOf(value);
  if (size > SIZE_MAX) throw new Error(`a list or mapping holds more than ${SIZE_MAX} characters`);
  if (size > largest) largest = size;
  charge(size / SMALL);
}

export function bounded<Value>(value: Value, what: string, lengthMax = TEXT_MAX): Value {
  if (typeof value === 'string' && value.length > lengthMax) {
    throw new Error(`${what} is longer than ${lengthMax} characters`);
  }
  return value;
}

function charge(cost: number): void {
  steps += cost;
  if (steps > STEPS_MAX) throw new Error(`more than ${STEPS_MAX} loop steps, or fewer over large values`);
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return bounded(value, 'a value').length;
  if (typeof value !== 'object' || value === null) return 0;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  let size = VALUE_SIZE;
  for (const inner of Object.values(value)) {
    size += VALUE_SIZE + sizeOf(inner);
    if (size > SIZE_MAX) break;
  }
  sizes.set(value, size);
  return size;
}
