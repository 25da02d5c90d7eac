/**
 * Names content by what it says: `sha256:<hex>` over the RFC 8785 form of its JSON, so that key order, spacing and the
 * file it came from do not matter. A version is immutable because its name is its content.
 */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { SpillwayError } from '../errors.ts';
import type { Json } from './plan.ts';

/** RFC 8785. @throws SpillwayError CONFIG_INVALID for what JSON cannot carry: NaN, Infinity, undefined */
export function canonicalJson(value: unknown): string {
  try {
    const text = canonicalize(value);
    if (text !== undefined) return text;
  } catch (cause) {
    throw new SpillwayError('CONFIG_INVALID', 'A value has no JSON form: numbers must be finite.', { cause });
  }
  throw new SpillwayError('CONFIG_INVALID', 'A value has no JSON form.');
}

export function digestOf(value: Json): string {
  return `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`;
}
