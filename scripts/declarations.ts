/**
 * Declarations of the public modules, by the TypeScript compiler. It leaves the `.ts` endings of imports as they stand,
 * naming files that are not published; here they become `.js`, the form that every tool maps to the `.d.ts` beside it.
 * Only what the entry reaches is written.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

interface Declarations {
  /** Path of the source from the root, without its ending. */
  entry: string;
  into: string;
}

const IMPORT = /((?:from|import\()\s*['"])(\.[^'"]+)\.ts(['"])/g;

export function writeDeclarations(root: string, wanted: readonly Declarations[]): void {
  const folder = mkdtempSync(join(root, 'dist/.declarations-'));
  try {
    const config = join(folder, 'tsconfig.json');
    writeFileSync(config, JSON.stringify(compilerConfig(root, folder, wanted)));
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { stdio: 'inherit' });
    for (const { entry, into } of wanted)
      copyReached(join(folder, dirname(entry)), join(folder, `${entry}.d.ts`), into);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compilerConfig(root: string, folder: string, wanted: readonly Declarations[]) {
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: root, outDir: folder },
    include: [],
    files: wanted.map(({ entry }) => join(root, `${entry}.ts`)),
  };
}

function copyReached(from: string, entry: string, into: string): void {
  const reached = new Set([entry]);
  for (const file of reached) {
    const text = readFileSync(file, 'utf8');
    for (const [, , path] of text.matchAll(IMPORT)) reached.add(resolve(dirname(file), `${path}.d.ts`));
    const target = join(into, relative(from, file));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text.replaceAll(IMPORT, '$1$2.js$3'));
  }
}
