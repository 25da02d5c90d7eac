/**
 * Builds what is published: `dist/` for the package `spillway` (the command and `spillway/stats`) and `dist/sdk/` for
 * `@spillway/sdk`. Everything is bundled, so that a user installs one package, not a tree; `node:` stays outside.
 * Node refuses to strip types inside node_modules, so what is published is JavaScript with declarations beside it.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type OutputChunk, rolldown } from 'rolldown';
import { writeDeclarations } from './declarations.ts';
import { bundledPackages, licenceText } from './licences.ts';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');
const sdk = join(dist, 'sdk');

interface Bundle {
  name: string;
  entry: string;
  into: string;
}

/**
 * A warning is a failure: an import that could not be resolved would only be met by the user of one command.
 * Not minified, so that the stack trace in a bug report can be read: minified starts no faster (measured by bench/start-up.ts).
 */
async function bundle({ name, entry, into }: Bundle): Promise<OutputChunk[]> {
  const build = await rolldown({
    input: { [name]: join(root, entry) },
    cwd: root,
    platform: 'node',
    external: /^node:/,
    onLog(level, log, defaultHandler) {
      defaultHandler(level === 'warn' ? 'error' : level, log);
    },
  });
  const { output } = await build.write({
    dir: into,
    format: 'esm',
    minify: 'dce-only',
    comments: { legal: false, annotation: false, jsdoc: false },
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  });
  await build.close();
  return output.filter(part => part.type === 'chunk');
}

/** The SDK has a manifest of its own: in the repository its exports name TypeScript, which is right only there. */
function writeSdkManifest(): void {
  const { exports: _sources, ...manifest } = JSON.parse(readFileSync(join(root, 'sdk/package.json'), 'utf8'));
  const published = { ...manifest, exports: { '.': { types: './index.d.ts', default: './index.js' } } };
  writeFileSync(join(sdk, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  copyFileSync(join(root, 'sdk/README.md'), join(sdk, 'README.md'));
  copyFileSync(join(root, 'LICENSE'), join(sdk, 'LICENSE'));
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(sdk, { recursive: true });
const command = await bundle({ name: 'spillway', entry: 'src/cli/main.ts', into: dist });
await bundle({ name: 'index', entry: 'src/stats/index.ts', into: join(dist, 'stats') });
await bundle({ name: 'index', entry: 'sdk/src/index.ts', into: sdk });
chmodSync(join(dist, 'spillway.js'), 0o755);
writeDeclarations(root, [
  { entry: 'src/stats/index', into: join(dist, 'stats') },
  { entry: 'sdk/src/index', into: sdk },
]);
writeSdkManifest();
const packages = bundledPackages(command);
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES'), licenceText(packages));

const kib = command.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0) / 1024;
console.log(`dist: ${command.length} files, ${Math.round(kib)} KiB of JavaScript, ${packages.length} packages bundled`);
