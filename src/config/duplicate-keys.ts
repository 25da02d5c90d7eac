/**
 * Finds keys that stand twice in one mapping. The parser's own check compares every key with every other, which a mapping
 * of a hundred thousand keys turns into minutes; this one is linear, and names the line of the first.
 */
import { type Document, isScalar, visit } from 'yaml';

interface DuplicateKey {
  key: string;
  /** Offsets in the text. */
  firstAt: number;
  at: number;
}

export function duplicateKeys(document: Document): DuplicateKey[] {
  const found: DuplicateKey[] = [];
  visit(document, {
    Map: (_key, { items }) => {
      const seen = new Map<string, number>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const at = key.range?.[0] ?? 0;
        const firstAt = seen.get(name);
        if (firstAt === undefined) seen.set(name, at);
        else found.push({ key: name, firstAt, at });
      }
    },
  });
  return found;
}
