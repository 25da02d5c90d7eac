/** JSON in a text column. One place, so that text that is no JSON is reported as what it is: a damaged database. */
import type { Json } from '../../config/plan.ts';
import { SpillwayError } from '../../errors.ts';

export function toText(value: Json): string {
  return JSON.stringify(value);
}

/** `where` names the row for the error message, for example "release r-1". */
export function fromText(text: string, where: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new SpillwayError('STORE_CORRUPT', `The stored document of ${where} is not JSON`, { cause });
  }
}
