import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { leavesOf, referencePages } from '../../scripts/reference.ts';
import { EXITS, NOTES } from '../../scripts/reference-texts.ts';
import { instruments } from '../server/instruments.ts';
import { OPERATIONS } from '../server/openapi.ts';
import { program } from './program.ts';

const page = (path: string) => readFileSync(new URL(`../../docs/reference/${path}`, import.meta.url), 'utf8');
/** The first cells of the rows whose first cell is code. */
const firstCells = (text: string) => [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell!);

describe('the generated pages', () => {
  test.each(Object.entries(referencePages()))('%s is what the code says now', (path, text) => {
    // When this fails: node scripts/reference.ts
    expect(page(path.replace('docs/reference/', ''))).toBe(text);
  });

  test('say the exit statuses of every command, and of no other', () => {
    const paths = program('0', async () => {}).commands.flatMap(command =>
      leavesOf(command, '').map(({ path }) => path),
    );
    expect(Object.keys(EXITS).sort()).toEqual(paths.sort());
    expect(paths).toEqual(expect.arrayContaining(Object.keys(NOTES)));
  });

  test('end every command with an example to copy', () => {
    for (const path of Object.keys(EXITS)) expect(page('cli.md')).toContain(`\`\`\`sh\nspillway ${path}`);
  });
});

describe('the pages written by hand', () => {
  test('name every operation of the server, and no other', () => {
    const served = OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path.replace(/:(\w+)/g, '{$1}')}`);
    const named = firstCells(page('http.md')).filter(cell => /^[A-Z]+ \//.test(cell));
    expect(named.sort()).toEqual(served.sort());
  });

  test('name every metric with its type, and no other', async () => {
    const sources = {
      load: () => ({ queued: 0, active: 0 }),
      outcomes: () => ({ stored: 0, ignored: 0, duplicate: 0, rejected: 0, invalid: 0 }),
      streams: () => 0,
    };
    const { text } = await instruments(sources).scrape();
    const ours = [...text.matchAll(/^# TYPE (?!process_|nodejs_)(\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]);
    const rows = [...page('metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, type]) => [name, type]);
    expect(rows.sort()).toEqual(ours.sort());
  });
});

/** As GitHub makes them of headings. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('the links between the pages', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const folders = ['docs/guide', 'docs/reference'];
  const inFolders = folders.flatMap(folder => readdirSync(join(root, folder)).map(name => `${folder}/${name}`));
  const pages = ['README.md', ...inFolders.filter(name => name.endsWith('.md'))];

  test.each(pages)('of %s lead to a file and a heading that are there', from => {
    const text = readFileSync(join(root, from), 'utf8');
    const dead = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link]) => link!)
      .filter(link => !/^https?:/.test(link))
      .filter(link => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? from : normalize(join(dirname(from), path));
        if (!existsSync(join(root, target))) return true;
        return anchor !== undefined && !anchorsOf(readFileSync(join(root, target), 'utf8')).includes(anchor);
      });
    expect(dead).toEqual([]);
  });
});
