/**
 * Where the programs are: what `KUBEBUILDER_ASSETS` names first, then our cache outside of the repository, then, for what is
 * not under test, the machine's own. A cached file counts only with the stamp of what it would be made from today.
 */
import { accessSync, constants, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Name, type PlaneName, stampOf, TOOLS, type Tool } from './tools.ts';

export type Binaries = Readonly<Record<PlaneName, string>>;

export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'spillway', 'cluster');
}

/** Undefined when it has to be made. */
export function locate(tool: Tool): string | undefined {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (tool.isAsset && assets && isThere(join(assets, tool.name))) return join(assets, tool.name);
  const cached = join(cacheFolder(), tool.name);
  if (isThere(cached) && readStamp(cached) === stampOf(tool)) return cached;
  if (!tool.mayBeOnPath) return undefined;
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map(folder => join(folder, tool.name))
    .find(isThere);
}

export function missing(tools: readonly Tool[] = TOOLS): Tool[] {
  return tools.filter(tool => locate(tool) === undefined);
}

/** Of the plane. @throws when one is missing: build first. */
export function binaries(): Binaries {
  const names = TOOLS.flatMap(({ name, onlyFor }) => (onlyFor === undefined ? [name] : []));
  return Object.fromEntries(names.map(name => [name, binary(name)])) as Record<PlaneName, string>;
}

/** @throws when it is missing: build first. */
export function binary(name: Name): string {
  const tool = TOOLS.find(one => one.name === name);
  const file = tool && locate(tool);
  if (file === undefined) throw new Error(`not built: ${name}`);
  return file;
}

/** `made` becomes the cached file at once and whole: a cluster that is starting meets the old one or the new one. */
export function keep(tool: Tool, made: string): void {
  const cached = join(cacheFolder(), tool.name);
  // The stamp goes first: dying between the two leaves a file without a stamp, which is made again.
  writeFileSync(`${cached}.stamp`, '');
  renameSync(made, cached);
  writeFileSync(`${cached}.stamp`, stampOf(tool));
}

/** Holds the cache for one builder. The kernel gives the lock back when the holder dies, however it dies. */
export async function lockCache(onWait: () => void): Promise<() => void> {
  mkdirSync(cacheFolder(), { recursive: true });
  const lock = new DatabaseSync(join(cacheFolder(), '.lock'), { timeout: 0 });
  for (let isWaiting = false; ; isWaiting = true) {
    try {
      lock.exec('pragma locking_mode=exclusive; begin exclusive');
      return () => lock.close();
    } catch (error) {
      if (!String(error).includes('locked')) throw error;
      if (!isWaiting) onWait();
      await new Promise(resolve => setTimeout(resolve, 1_000));
    }
  }
}

function isThere(file: string): boolean {
  try {
    accessSync(file, file.endsWith('.json') ? constants.R_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function readStamp(cached: string): string {
  try {
    return readFileSync(`${cached}.stamp`, 'utf8');
  } catch {
    return '';
  }
}
