/**
 * Nanoseconds per observation of the sequential tests, single thread, best of several passes (the shared machine's noise
 * only adds), and the bytes of a state. No goal: what an outcome costs the engine.
 * Run: node bench/sequential.ts
 * Goals: rank + p50 + p95 + p99 at one margin in 200 ns, at five severity margins in 600 ns, nothing allocated for an observation.
 */
import { seededRandom } from '../src/stats/random.ts';
import {
  eventShareEProcess,
  exceedanceEProcess,
  nestedMarginsEProcess,
  oddsRatioEProcess,
  rankScoreEProcess,
} from '../src/stats/sequential.ts';

const PASSES = 7;

function logNormals(count: number, sigma: number, seed: number): Float64Array {
  const next = seededRandom(seed);
  return Float64Array.from({ length: count }, () =>
    Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())),
  );
}

/** Best nanoseconds per unit of work over the passes, the first of which warms up. */
function best(units: number, work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < PASSES; pass++) {
    const start = process.cpuUsage();
    work();
    const spent = process.cpuUsage(start);
    least = Math.min(least, (1000 * (spent.user + spent.system)) / units);
  }
  return least;
}

function valueBlocks(blocks: number, baselinePerBlock: number): { baseline: Float64Array; candidate: Float64Array }[] {
  const values = logNormals(blocks * (baselinePerBlock + 1), 0.5, 7);
  return Array.from({ length: blocks }, (_, i) => {
    const start = i * (baselinePerBlock + 1);
    const middle = start + baselinePerBlock;
    return { baseline: values.subarray(start, middle), candidate: values.subarray(middle, middle + 1) };
  });
}

function countBlocks(blocks: number, baselineTrials: number, candidateTrials: number, rate: number) {
  const next = seededRandom(11);
  const events = (trials: number) => {
    let count = 0;
    for (let i = 0; i < trials; i++) if (next() < rate) count++;
    return count;
  };
  return Array.from({ length: blocks }, () => ({
    baselineTrials,
    baselineEvents: events(baselineTrials),
    candidateTrials,
    candidateEvents: events(candidateTrials),
  }));
}

const rows: [what: string, nanoseconds: string, unit: string][] = [];

for (const ratio of [1, 9, 19]) {
  const count = Math.round(1e6 / (ratio + 1));
  const blocks = valueBlocks(count, ratio);
  const rank = rankScoreEProcess({ margin: 0.05 });
  const p99 = exceedanceEProcess({ p: 0.99 });
  const measured = [
    ['rank score', rank],
    ['exceedance p99', p99],
  ] as const;
  for (const [name, test] of measured) {
    const spent = best(count * (ratio + 1), () => {
      const state = test.initial();
      for (let i = 0; i < blocks.length; i++) test.fold(state as never, blocks[i]!);
      return test.logE(state as never);
    });
    rows.push([`${name}, blocks ${ratio}:1`, spent.toFixed(1), 'an observation']);
  }
}

const SEVERITIES = [0.05, 0.1, 0.25, 0.5, 1];

/** Heap bytes an observation costs, once the shape of the blocks is known; the least of several passes, for a collector only takes. */
function bytesEach(units: number, work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < PASSES; pass++) {
    const before = process.memoryUsage().heapUsed;
    work();
    const grown = process.memoryUsage().heapUsed - before;
    if (grown >= 0) least = Math.min(least, grown / units);
  }
  return least;
}

for (const ratio of [1, 9]) {
  const count = Math.round(1e6 / (ratio + 1));
  const blocks = valueBlocks(count, ratio);
  for (const [margins, goal] of [
    [[0.05], 200],
    [SEVERITIES, 600],
  ] as const) {
    const test = nestedMarginsEProcess({ margins });
    const label = `rank + p50 + p95 + p99, ${margins.length} margin${margins.length > 1 ? 's' : ''}, ${ratio}:1`;
    const run = (look: boolean) => () => {
      const state = test.initial();
      let most = 0;
      for (let i = 0; i < blocks.length; i++) {
        test.fold(state, blocks[i]!);
        if (!look) continue;
        for (let k = 0; k < margins.length; k++) {
          most = Math.max(most, test.rankLogE(state, k));
          for (let q = 0; q < 3; q++) most = Math.max(most, test.exceedanceLogE(state, k, q));
        }
      }
      return most;
    };
    for (const look of [false, true]) {
      const spent = best(count * (ratio + 1), run(look));
      const held = spent <= goal ? `≤ ${goal}: met` : `≤ ${goal}: MISSED`;
      rows.push([`${label}${look ? ', all read' : ''}`, spent.toFixed(1), `an observation  ${held}`]);
    }
    const state = test.initial();
    const again = () => {
      for (let i = 0; i < blocks.length; i++) test.fold(state, blocks[i]!);
    };
    again();
    const bytes = bytesEach(count * (ratio + 1), again);
    rows.push([`${label}: heap`, bytes.toFixed(2), 'bytes an observation']);
    rows.push([`${label}: snapshot`, String(test.encode(state).length), 'bytes']);
  }
}

for (const [a, b] of [
  [1, 1],
  [9, 1],
  [100, 100],
  [900, 100],
  [10_000, 10_000],
] as const) {
  const count = a + b > 1000 ? 2000 : 100_000;
  const blocks = countBlocks(count, a, b, 0.01);
  const test = oddsRatioEProcess();
  const spent = best(count, () => {
    const state = test.initial();
    for (let i = 0; i < blocks.length; i++) test.fold(state, blocks[i]!);
    return test.logE(state);
  });
  rows.push([`odds ratio, interval ${a}/${b} at 1% events`, spent.toFixed(0), 'an interval']);
}

{
  const test = eventShareEProcess();
  const block = { candidateEvents: 10, totalEvents: 100, share: 0.1 };
  const spent = best(20_000, () => {
    const state = test.initial();
    let last = 0;
    for (let i = 0; i < 20_000; i++) last = test.logE(test.fold(state, block));
    return last;
  });
  rows.push(['event share, update and read', spent.toFixed(0), 'a block']);
}

for (const [what, nanoseconds, unit] of rows)
  console.log(`${what.padEnd(52)} ${nanoseconds.padStart(9)} ${unit.startsWith('bytes') ? '' : 'ns '}${unit}`);

const encoded = rankScoreEProcess();
const state = encoded.initial();
for (const block of valueBlocks(100_000, 9)) encoded.fold(state, block);
console.log(
  `rank score state after 1e6 observations                ${String(encoded.encode(state).length).padStart(8)} bytes`,
);
