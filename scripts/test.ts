/**
 * All tests: the unit and the whole ones, then those on a real cluster, which run inside it. Where there can be no cluster,
 * that is said and left out; with CI=true it is a failure. The last line counts all. Arguments go to the first run alone:
 * who names files wants those.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obstacle } from '../test/cluster/rights.ts';
import { closingLine, readTally } from './closing-line.ts';

const chosen = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'spillway-tally-'));
const file = join(folder, 'tally.json');
// A CI that cannot run them must not look as if it had.
const isStrict = /^(1|true)$/.test(process.env['CI'] ?? '');

function run(argv: readonly string[]): boolean {
  const [command, ...args] = argv;
  const { status } = spawnSync(command!, args, {
    stdio: 'inherit',
    env: { ...process.env, CLOSING_LINE_TALLY: file },
  });
  return status === 0;
}

/** Null when they were left out. */
function runCluster(): boolean | null {
  const why = obstacle();
  if (why === undefined) return run(['npm', 'run', '--silent', 'test:cluster']);
  console.log(`\ncluster tests ${isStrict ? 'cannot run' : 'skipped'}: ${why}`);
  return isStrict ? false : null;
}

try {
  const passed = run(['vitest', 'run', ...chosen]);
  const onCluster = passed && chosen.length === 0 ? runCluster() : null;
  const isGood = passed && onCluster !== false;
  const tally = readTally(file);
  // What could not even be started has counted nothing.
  if (!isGood && tally.failed === 0) tally.failed = 1;
  console.log(`\n${closingLine(tally)}`);
  process.exitCode = isGood ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
