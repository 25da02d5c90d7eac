/** A file that is one JSON document, whole in memory, with places for what is wrong in it. */
import { readFileSync, statSync } from 'node:fs';
import { whyUnreadable } from '../../config/read-file.ts';
import { SpillwayError } from '../../errors.ts';
import { faultOf } from './json-fault.ts';
import { type Path, placeAt, placeOf } from './json-place.ts';
import { noTextIn } from './no-text.ts';
import type { Problems } from './problems.ts';

/** Text of this length still fits a string of the language. */
const MOST_BYTES = 256 << 20;

export interface JsonDocument {
  file: string;
  value: unknown;
  /** Adds a problem at the value that stands at `path`. */
  problem(path: Path, message: string): void;
}

/** Undefined, with a problem, for text that is no JSON. @throws SpillwayError FILE_UNREADABLE */
export function readJsonDocument(file: string, problems: Problems): JsonDocument | undefined {
  const text = readWhole(file, problems);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return {
      file,
      value,
      problem: (path, message) => problems.add({ file, ...placeOf(text, path), path: pathText(path), message }),
    };
  } catch (cause) {
    const { offset, message } = faultOf(text, cause);
    problems.add({ file, ...placeAt(text, offset), message });
    return undefined;
  }
}

function readWhole(file: string, problems: Problems): string | undefined {
  try {
    const { size } = statSync(file);
    if (size > MOST_BYTES) {
      const message = `is ${size} bytes long; one JSON document may be ${MOST_BYTES}: write JSON Lines or CSV, which are read line by line`;
      problems.add({ file, message });
      return undefined;
    }
    const bytes = readFileSync(file);
    const wrong = bytes.length === 0 ? { message: 'is empty' } : noTextIn(bytes, true);
    if (wrong === undefined) return new TextDecoder().decode(bytes);
    problems.add({ file, ...wrong });
    return undefined;
  } catch (cause) {
    throw new SpillwayError('FILE_UNREADABLE', `Cannot read ${file}: ${whyUnreadable(cause)}`, { cause });
  }
}

/** `metrics.latency.values[17]` */
function pathText(path: Path): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${step}`)).join('');
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
