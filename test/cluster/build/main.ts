/**
 * Builds what the test cluster runs, once, into a cache outside of the repository: `node test/cluster/build/main.ts`. Makes
 * only what is missing or of another version; says what it does and for how long; ends with one error or none.
 *
 * SPILLWAY_BUILD_NICE and SPILLWAY_BUILD_JOBS are given to `nice -n` and `go build -p`.
 */
import { type Binaries, binaries, cacheFolder, keep, locate, lockCache, missing } from './cache.ts';
import { BuildFailure, make } from './make.ts';
import { TOOLS, type Tool } from './tools.ts';

const SAY_EVERY_MS = 30_000;

/** @throws BuildFailure */
export async function build(say: (line: string) => void): Promise<Binaries> {
  if (missing().length === 0) return binaries();
  const unlock = await lockCache(() => say('another build is at work, waiting for it'));
  try {
    const wanted = missing();
    if (wanted.length > 1) say(`building ${wanted.map(({ name }) => name).join(', ')} into ${cacheFolder()}`);
    for (const tool of wanted) await buildOne(tool, say);
    return binaries();
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
    await build(say);
    for (const tool of TOOLS) process.stdout.write(`${tool.name} ${tool.version} ${locate(tool)}\n`);
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    say(`${error.message}\n${error.hint}`);
    process.exitCode = 1;
  }
}
