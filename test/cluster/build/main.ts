/**
 * Builds what the test cluster runs, once, into a cache outside of the repository: `node test/cluster/build/main.ts [tool…]`,
 * all by default. Makes only what is missing or of another version; says what it does and for how long; ends with one error or none.
 *
 * SPILLWAY_BUILD_NICE and SPILLWAY_BUILD_JOBS are given to `nice -n` and `go build -p`.
 */
import { cacheFolder, keep, locate, lockCache, missing } from './cache.ts';
import { BuildFailure, make } from './make.ts';
import { TOOLS, type Tool } from './tools.ts';

const SAY_EVERY_MS = 30_000;

/** @param only names of tools; all where none is named @throws BuildFailure */
export async function build(say: (line: string) => void, only: readonly string[] = []): Promise<void> {
  const wantedNow = () => missing().filter(({ name }) => only.length === 0 || only.includes(name));
  if (wantedNow().length === 0) return;
  const unlock = await lockCache(() => say('another build is at work, waiting for it'));
  try {
    const wanted = wantedNow();
    if (wanted.length > 1) say(`building ${wanted.map(({ name }) => name).join(', ')} into ${cacheFolder()}`);
    for (const tool of wanted) await buildOne(tool, say);
  } finally {
    unlock();
  }
}

async function buildOne(tool: Tool, say: (line: string) => void): Promise<void> {
  const startedMs = performance.now();
  const elapsed = () => `${((performance.now() - startedMs) / 1_000).toFixed(0)} s`;
  say(`${tool.name} ${tool.version}: ${tool.how}`);
  const timer = setInterval(() => say(`${tool.name}: still at it after ${elapsed()}`), SAY_EVERY_MS);
  try {
    keep(tool, await make(tool));
    say(`${tool.name}: done after ${elapsed()}`);
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    throw new BuildFailure(
      `${tool.name} ${tool.version} could not be made (${elapsed()}): ${error.message}`,
      error.hint,
    );
  } finally {
    clearInterval(timer);
  }
}

if (import.meta.main) {
  const say = (line: string) => void process.stderr.write(`cluster build: ${line}\n`);
  try {
    const only = process.argv.slice(2);
    const unknown = only.find(name => !TOOLS.some(tool => tool.name === name));
    if (unknown !== undefined)
      throw new BuildFailure(`there is no tool ${unknown}`, `There are ${TOOLS.map(({ name }) => name).join(', ')}.`);
    await build(say, only);
    for (const tool of TOOLS.filter(({ name }) => only.length === 0 || only.includes(name)))
      process.stdout.write(`${tool.name} ${tool.version} ${locate(tool)}\n`);
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    say(`${error.message}\n${error.hint}`);
    process.exitCode = 1;
  }
}
