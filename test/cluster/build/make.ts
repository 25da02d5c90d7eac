/**
 * Makes one file of the cache: a Go program, definitions of resources out of the module cache, or Prometheus out of
 * Debian's package. The package is unpacked, never installed: an installed one would start a service.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { cacheFolder } from './cache.ts';
import { moduleFolder, type Tool } from './tools.ts';

/** A step that could not be done, with what to do about it. */
export class BuildFailure extends Error {
  readonly hint: string;
  constructor(what: string, hint: string) {
    super(what);
    this.hint = hint;
  }
}

/** @returns a new file on the file system of the cache */
export async function make(tool: Tool): Promise<string> {
  const made = join(cacheFolder(), `.${tool.name}.${process.pid}`);
  switch (tool.how) {
    case 'go build':
      await buildGo(tool, made);
      return made;
    case 'custom resource definitions':
      await gatherDefinitions(tool, made);
      return made;
    case 'debian package':
      await unpack(tool, made);
      return made;
  }
}

const GO_HINT =
  'It needs Go 1.26 or newer (https://go.dev/dl), about 6 GB for caches, and a Go module proxy (go env GOPROXY).';

async function buildGo(tool: Tool, made: string): Promise<void> {
  const variables = Object.entries(tool.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  const jobs = process.env['SPILLWAY_BUILD_JOBS'];
  const build = ['go', 'build', ...(jobs ? ['-p', jobs] : []), '-trimpath', '-buildvcs=false'];
  const argv = [...build, '-ldflags', ['-s', '-w', ...variables].join(' '), '-o', made, tool.package!];
  await run(argv, moduleFolder(tool), GO_HINT);
}

async function gatherDefinitions(tool: Tool, made: string): Promise<void> {
  const files: string[] = [];
  for (const definitions of tool.definitions ?? []) {
    const argv = ['go', 'mod', 'download', '-json', definitions.module];
    const { Dir } = JSON.parse(await run(argv, moduleFolder(tool), GO_HINT)) as { Dir: string };
    const folder = join(Dir, definitions.folder);
    const isDefinition = (name: string) => name.endsWith('.yaml') && name !== 'kustomization.yaml';
    const names = definitions.files ?? readdirSync(folder).filter(isDefinition);
    files.push(...names.map(name => join(folder, name)));
  }
  // Parsed once here: reading a megabyte of YAML would be a second of every start.
  writeFileSync(made, JSON.stringify(files.map(file => parse(readFileSync(file, 'utf8')))));
}

async function unpack(tool: Tool, made: string): Promise<void> {
  const hint = `Install it (apt-get install ${tool.name}, and stop the service) or put ${tool.name} on the PATH.`;
  const folder = mkdtempSync(join(cacheFolder(), `.${tool.name}-`));
  try {
    const download = () => run(['apt-get', 'download', tool.name], folder, hint);
    await download().catch(async failure => {
      // A fresh machine has no list of packages yet, and only root may fetch it.
      if (process.getuid?.() !== 0) throw failure;
      await run(['apt-get', 'update'], folder, hint);
      await download();
    });
    const [package_] = readdirSync(folder).filter(name => name.endsWith('.deb'));
    await run(['dpkg', '-x', package_!, 'root'], folder, hint);
    renameSync(join(folder, 'root/usr/bin', tool.name), made);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs to its end; answers standard output. Its own words are shown only when it fails. */
async function run(argv: readonly string[], cwd: string, hint: string): Promise<string> {
  const niceness = process.env['SPILLWAY_BUILD_NICE'];
  const [command, ...rest] = niceness ? ['nice', '-n', niceness, ...argv] : argv;
  const child = spawn(command!, rest, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr = (stderr + text).slice(-20_000);
  });
  const end = await new Promise<string | undefined>(resolve => {
    child.once('error', error => resolve(error.message));
    child.once('close', (exit, signal) => resolve(exit === 0 ? undefined : `ended with ${signal ?? `exit ${exit}`}`));
  });
  if (end === undefined) return stdout;
  const said = stderr.trim().split('\n').slice(-15).join('\n');
  throw new BuildFailure(`\`${argv.slice(0, 3).join(' ')}\` ${end}\n${said}`.trim(), hint);
}
