/*
 * The battery (Student, Welch, Mann–Whitney, Kolmogorov–Smirnov, Brunner–Munzel, quantiles) beside SciPy's, on the same
 * log-normal samples, in one run: median CPU milliseconds and their ratio. Both sides start from unsorted doubles.
 * Usage: node bench/stats.ts [sizes…]   (default 1000 10000 100000 1000000; installs SciPy on the first run)
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  brunnerMunzel,
  kolmogorovSmirnov,
  mannWhitney,
  type PreparedSample,
  prepareSample,
  quantileOfSorted,
  seededRandom,
  studentT,
  welchT,
} from '../src/stats/index.ts';
import { installScipy, startLineProcess } from './scipy-process.ts';

const SIZES = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1e3, 1e4, 1e5, 1e6];
const GOAL = 10;
const QUANTILES = [0.5, 0.9, 0.95, 0.99];

type Pair = readonly [x: PreparedSample, y: PreparedSample];

/** Names as on the other side; each result is what SciPy calls the statistic. */
const TESTS: Record<string, (pair: Pair) => number> = {
  student: ([x, y]) => studentT(x, y).t,
  welch: ([x, y]) => welchT(x, y).t,
  mannWhitney: ([x, y]) => mannWhitney(x, y, { method: 'asymptotic' }).u1,
  kolmogorovSmirnov: ([x, y]) => kolmogorovSmirnov(x, y, { method: 'asymptotic' }).d,
  brunnerMunzel: ([x, y]) => brunnerMunzel(x, y).w,
  quantiles: pair => pair.flatMap(({ sorted }) => QUANTILES.map(q => quantileOfSorted(sorted, q)))[0]!,
};

function logNormals(count: number, random: () => number): Float64Array {
  return Float64Array.from({ length: count }, () =>
    Math.exp(0.5 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())),
  );
}

function milliseconds(work: () => void): number {
  const start = process.cpuUsage();
  const from = process.hrtime.bigint();
  work();
  const { user, system } = process.cpuUsage(start);
  // The CPU clock ticks in microseconds; short work is timed by the wall.
  const wall = Number(process.hrtime.bigint() - from) / 1e6;
  return wall < 1 ? wall : (user + system) / 1000;
}

function medianOf(runs: number, work: () => void): number {
  const times = Float64Array.from({ length: runs }, () => milliseconds(work)).sort();
  return times[runs >> 1]!;
}

function battery(x: Float64Array, y: Float64Array): number[] {
  const pair: Pair = [prepareSample(x), prepareSample(y)];
  return Object.values(TESTS).map(test => test(pair));
}

function ours(x: Float64Array, y: Float64Array, runs: number): Record<string, number> {
  for (let i = 0; i < Math.max(3, 3e5 / x.length); i++) battery(x, y);
  const times: Record<string, number> = { battery: medianOf(runs, () => battery(x, y)) };
  for (const [name, test] of Object.entries(TESTS)) {
    times[name] = medianOf(runs, () => test([prepareSample(x), prepareSample(y)]));
  }
  return times;
}

interface Answer {
  times: Record<string, number>;
  answers: Record<string, number>;
}

function print(size: number, own: Record<string, number>, other: Record<string, number>): void {
  for (const [name, time] of Object.entries(own)) {
    const ratio = other[name]! / time;
    const verdict = name !== 'battery' ? '' : ratio >= GOAL ? `  ≥ ${GOAL}: met` : `  ≥ ${GOAL}: MISSED`;
    const columns = [time.toFixed(3).padStart(10), other[name]!.toFixed(3).padStart(11), ratio.toFixed(1).padStart(8)];
    console.log(`${String(size).padStart(8)}  ${name.padEnd(18)} ${columns.join(' ')}${verdict}`);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'));
try {
  const scipy = startLineProcess(installScipy(), join(import.meta.dirname, 'stats.py'));
  console.log('Node', process.version, JSON.stringify(await scipy.next()));
  console.log(
    'per side  what                ours ms    SciPy ms    ratio   (medians; a single test prepares its own samples)',
  );
  for (const size of SIZES) {
    const random = seededRandom(20_261_123);
    const [x, y] = [logNormals(size, random), logNormals(size, random)];
    const file = join(folder, `${size}.f64`);
    writeFileSync(file, Buffer.concat([Buffer.from(x.buffer), Buffer.from(y.buffer)]));
    const runs = Math.max(7, Math.min(101, Math.round(1e6 / size) | 1));
    const own = ours(x, y, runs);
    const { times, answers } = (await scipy.next(`${size} ${runs} ${file}`)) as Answer;
    for (const [name, statistic] of Object.entries(answers)) {
      const mine = TESTS[name]!([prepareSample(x), prepareSample(y)]);
      if (!(Math.abs(mine - statistic) <= 1e-9 * Math.abs(statistic)))
        throw new Error(`${name} at ${size}: ${mine} here, ${statistic} in SciPy`);
    }
    print(size, own, times);
  }
  scipy.end();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
