/** What the pages for users tell them to write, taken from the pages: a test of it is a test of what they read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const GATE_PAGE = 'guide/kubernetes-gate.md';
const DOCS = join(import.meta.dirname, '../../../docs');

/** The YAML block of a page whose first line is a comment that begins with these words. */
// biome-ignore lint/suspicious/noExplicitAny: what it holds is the page's to say
export function documented(page: string, comment: string): any {
  const text = readFileSync(join(DOCS, page), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, block]) => block!);
  const found = blocks.filter(block => block.startsWith(`# ${comment}`));
  if (found.length !== 1) throw new Error(`${page} has ${found.length} blocks that begin with "# ${comment}"`);
  return parse(found[0]!);
}
