/**
 * What is to be beaten: a threshold looked at once an interval, which fails when more than so many intervals did, as the
 * analysis of Argo Rollouts does with `failureLimit`. The same streams go through our test.
 */
import type { Draws } from './draws.ts';
import { countBlock, errorOdds, rank, valueBlock } from './processes.ts';
import type { Alarms, Scenario } from './scenario.ts';

const NEVER = Number.POSITIVE_INFINITY;
const ALARM = Math.log(20);
const INTERVALS = 10;

/** Failed intervals until now, and the first that was one too many for each limit. */
export class Gate {
  readonly at: [none: number, two: number] = [NEVER, NEVER];
  #failed = 0;

  interval(hasFailed: boolean, candidateRequests: number): void {
    if (!hasFailed) return;
    this.#failed++;
    if (this.#failed > 0) this.at[0] = Math.min(this.at[0], candidateRequests);
    if (this.#failed > 2) this.at[1] = Math.min(this.at[1], candidateRequests);
  }
}

/** R-7. */
export function p95(values: Float64Array): number {
  values.sort();
  const place = 0.95 * (values.length - 1);
  const low = Math.floor(place);
  return values[low]! + (place - low) * ((values[low + 1] ?? values[low]!) - values[low]!);
}

function latencyGate(sigma: number, n: number, slower: number, runs = 2_000): Scenario {
  const make = rank({ margin: 0.05 });
  return {
    table: 'gates',
    name: `latency ${slower === 1 ? 'unchanged' : `+${Math.round(100 * slower - 100)} %`}, σ ${sigma}, ${INTERVALS} intervals of ${n}/${n}`,
    runs: { full: runs, short: n === 200 && sigma === 1 && slower === 1 ? 100 : 0 },
    methods: [
      { name: 'p95 > 1.2 × baseline, none may fail' },
      { name: 'p95 > 1.2 × baseline, two may fail' },
      { name: 'rank score, margin 5 %', ...(slower === 1 ? { mostAlarms: 0.05 } : {}) },
    ],
    run(draws: Draws): Alarms[] {
      const gate = new Gate();
      const process = make();
      const block = valueBlock(1);
      let alarm = NEVER;
      for (let i = 1; i <= INTERVALS; i++) {
        const baseline = Float64Array.from({ length: n }, () => draws.logNormal(sigma));
        const candidate = Float64Array.from({ length: n }, () => slower * draws.logNormal(sigma));
        for (let k = 0; k < n && alarm === NEVER; k++) {
          [block.baseline[0], block.candidate[0]] = [baseline[k]!, candidate[k]!];
          process.add(block);
          if (process.logE() >= ALARM) alarm = (i - 1) * n + k + 1;
        }
        gate.interval(p95(candidate) > 1.2 * p95(baseline), i * n);
      }
      return [...gate.at, alarm].map(at => [at, Number.NaN]);
    },
  };
}

function successGate(n: number, errors: number): Scenario {
  const make = errorOdds({ phi0: 1.5 });
  return {
    table: 'gates',
    name: `errors ${errors === 0.005 ? 'unchanged at 0.5 %' : `0.5 → ${100 * errors} %`}, ${INTERVALS} intervals of ${n}/${n}`,
    runs: { full: 10_000, short: n === 200 && errors === 0.005 ? 500 : 0 },
    methods: [
      { name: 'success < 99 %, none may fail' },
      { name: 'success < 99 %, two may fail' },
      { name: 'odds ratio, margin 1.5', ...(errors === 0.005 ? { mostAlarms: 0.05 } : {}) },
    ],
    run(draws: Draws): Alarms[] {
      const gate = new Gate();
      const process = make();
      const block = countBlock(n, n);
      let alarm = NEVER;
      for (let i = 1; i <= INTERVALS; i++) {
        block.baselineEvents = draws.binomial(n, 0.005);
        block.candidateEvents = draws.binomial(n, errors);
        process.add(block);
        if (process.logE() >= ALARM) alarm = Math.min(alarm, i * n);
        gate.interval(1 - block.candidateEvents / n < 0.99, i * n);
      }
      return [...gate.at, alarm].map(at => [at, Number.NaN]);
    },
  };
}

export const GATES: readonly Scenario[] = [
  ...[0.5, 1].flatMap(sigma => [50, 200, 1000].map(n => latencyGate(sigma, n, 1))),
  ...[0.5, 1].map(sigma => latencyGate(sigma, 200, 1.15)),
  ...[50, 200, 1000].map(n => successGate(n, 0.005)),
  successGate(200, 0.02),
];
