/**
 * A document as the checks see it: a plain value, and where in the text each part of it stood. Knows neither YAML nor what
 * the documents mean.
 */
import type { Problem } from '../errors.ts';

export type Path = readonly (string | number)[];

export interface Source {
  file: string;
  /** Plain JSON. */
  value: unknown;
  /** Place of the nearest known node on the way to `path`; with `key`, of that key inside the mapping. 1-based. */
  positionOf(path: Path, key?: string): { line: number; column: number } | undefined;
}

/** `spec.rollout.stages[1].weight`. */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[\w$-]+$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}

export function problemAt(source: Source, path: Path, message: string, key?: string): Problem {
  const shown = formatPath(key === undefined ? path : [...path, key]);
  return { file: source.file, ...source.positionOf(path, key), path: shown, message };
}

/** What stands at `path`, or undefined. */
export function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const part of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as Record<string | number, unknown>)[part];
  }
  return found;
}
