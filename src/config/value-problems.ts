/**
 * Refuses values that would change meaning in silence or exhaust the machine: numbers that lost digits or are none, keys
 * that JavaScript treats specially, deep nesting, and aliases that expand without end.
 */
import type { Problem } from '../errors.ts';
import { problemAt, type Source } from './source.ts';

const MAX_NODES = 1_000_000;
const MAX_DEPTH = 100;
const MAX_PROBLEMS = 100;

export function valueProblems(source: Source): Problem[] {
  const problems: Problem[] = [];
  const path: (string | number)[] = [];
  let nodes = 0;
  visit(source.value);
  if (nodes > MAX_NODES)
    problems.push(problemAt(source, [], `holds more than ${MAX_NODES.toLocaleString('en')} values, aliases counted`));
  return problems;

  function visit(value: unknown): void {
    if (++nodes > MAX_NODES || problems.length >= MAX_PROBLEMS) return;
    if (typeof value === 'number') visitNumber(value);
    if (typeof value !== 'object' || value === null) return;
    if (path.length === MAX_DEPTH) {
      problems.push(problemAt(source, path.slice(0, 10), `is nested deeper than ${MAX_DEPTH} levels`));
      return;
    }
    for (const [key, item] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
      if (key === '__proto__') problems.push(problemAt(source, path, 'is a name that no field may have', key));
      path.push(key);
      visit(item);
      path.pop();
    }
  }

  function visitNumber(value: number): void {
    if (!Number.isFinite(value)) problems.push(problemAt(source, path, `is ${value}; numbers must be finite`));
    else if (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21)
      problems.push(problemAt(source, path, 'is a whole number with more digits than can be kept; put it in quotes'));
  }
}
