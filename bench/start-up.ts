/**
 * Start-up of the built command against bare Node, in one run: `npm run build && node bench/start-up.ts [rounds]`.
 * Whole processes are timed, spawned in turn so that a busy moment meets all of them; medians, because the tail is the
 * machine's. The compile cache is filled by a round that is not counted, as it is for anyone who calls a command twice.
 * Goal: `--version` at most 60 ms above bare Node.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { quantileOfSorted } from '../src/stats/quantile.ts';

const root = resolve(import.meta.dirname, '..');
const built = join(root, 'dist/spillway.js');
const rounds = Number(process.argv[2] ?? 31);
const folder = mkdtempSync(join(tmpdir(), 'spillway-start-up-'));
const pipeline = join(folder, 'pipeline.yaml');

const CASES: Record<string, string[]> = {
  'node -e 0': ['-e', '0'],
  'spillway --version': [built, '--version'],
  'spillway --help': [built, '--help'],
  'spillway lint pipeline.yaml': [built, 'lint', pipeline],
  'spillway audit verify': [built, 'audit', 'verify', '--data', folder],
  'from source: --version': [join(root, 'src/cli/main.ts'), '--version'],
  'from source: lint': [join(root, 'src/cli/main.ts'), 'lint', pipeline],
};

function timeMs(args: string[]): number {
  const startedAt = performance.now();
  const { error } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (error) throw error;
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return quantileOfSorted(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function main(): void {
  if (!existsSync(built)) throw new Error('dist/ is missing. Run `npm run build` first.');
  spawnSync(process.execPath, [built, 'init', folder], { stdio: 'ignore' });
  const times = new Map(Object.keys(CASES).map(name => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++)
    for (const [name, args] of Object.entries(CASES)) {
      const ms = timeMs(args);
      if (round > 0) times.get(name)!.push(ms);
    }
  const bareMs = median(times.get('node -e 0')!);
  console.log(`Node ${process.version}, ${rounds} spawns each, medians`);
  for (const [name, ms] of times) {
    const midMs = median(ms);
    const [figure, more] = [`${midMs.toFixed(1)} ms`, `${midMs < bareMs ? '' : '+'}${(midMs - bareMs).toFixed(1)} ms`];
    console.log(`${name.padEnd(30)} ${figure.padStart(9)} ${more.padStart(10)} ${(midMs / bareMs).toFixed(2)} ×`);
  }
}

try {
  main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
