/** Finds where in a YAML document a value or the name of a field stands; follows aliases and merge keys. */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Path } from './source.ts';

interface Child {
  value: unknown;
  keyOffset?: number | undefined;
}

/** Offset in the text of the nearest known node on the way to `path`; with `key`, of that key inside the mapping. */
export function offsetOf(document: Document, path: Path, key?: string): number | undefined {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const part of path) {
    const child = childOf(document, node, part);
    if (!child) return offset;
    node = child.value;
    // A value left empty has no place of its own.
    const isEmpty = isScalar(node) && node.range?.[0] === node.range?.[1];
    offset = (isEmpty ? child.keyOffset : startOf(node)) ?? child.keyOffset ?? offset;
  }
  return key === undefined ? offset : (childOf(document, node, key)?.keyOffset ?? offset);
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}

function childOf(document: Document, parent: unknown, part: string | number): Child | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node)) return typeof part === 'number' && part in node.items ? { value: node.items[part] } : undefined;
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
  if (pair) return { value: pair.value, keyOffset: startOf(pair.key) };
  return mergedChild(document, node, part);
}

function mergedChild(document: Document, node: YAMLMap, part: string | number): Child | undefined {
  for (const { key, value } of node.items) {
    if (!isScalar(key) || key.source !== '<<') continue;
    for (const item of isSeq(value) ? value.items : [value]) {
      const found = childOf(document, item, part);
      if (found) return found;
    }
  }
  return undefined;
}
