/** The raw processes on one metric: what each promises, without margins, shares or stages. Looked at after every block. */

import type { Draws } from './draws.ts';
import { average, bet, countBlock, errorOdds, exceedance, rank, unionBound, valueBlock } from './processes.ts';
import { follow, type Method, type Scenario } from './scenario.ts';

/** Draws a value of an arm at a look; `phase` is a number that a run keeps, for streams that move. */
type Value = (draws: Draws, isCandidate: boolean, look: number, phase: number) => number;
const FIVE_PERCENT = 0.05;

interface Shape {
  name: string;
  ratio?: number;
  looks: number;
  runs: { full: number; short: number };
}

export function errorScenario(shape: Shape, [p, q]: [number, number], bars: Partial<Method>, spikes = false): Scenario {
  const ratio = shape.ratio ?? 1;
  const make = errorOdds();
  return {
    table: p === q ? 'false alarms' : 'delays',
    name: shape.name,
    runs: shape.runs,
    methods: [{ name: `odds ratio, ${ratio}:1`, ...(p === q ? { mostAlarms: FIVE_PERCENT } : {}), ...bars }],
    run(draws) {
      const process = make();
      const block = countBlock(ratio, 1);
      let height = 1;
      let logE = 0;
      const step = (look: number) => {
        if (spikes && look % 100 === 1) height = draws.flip(0.1) ? 10 : 1;
        block.baselineEvents = draws.binomial(ratio, p * height);
        block.candidateEvents = draws.flip(q * height) ? 1 : 0;
        if (block.baselineEvents + block.candidateEvents === 0) return;
        process.add(block);
        logE = process.logE();
      };
      return follow([() => logE], step, { looks: shape.looks, untilFirst: p !== q });
    },
  };
}

/** Counters of an interval instead of single requests. */
export function counterScenario(shape: Shape, size: [number, number], [p, q]: [number, number]): Scenario {
  const make = errorOdds();
  return {
    table: p === q ? 'false alarms' : 'delays',
    name: shape.name,
    runs: shape.runs,
    methods: [{ name: `odds ratio, counters ${size.join('/')}`, ...(p === q ? { mostAlarms: FIVE_PERCENT } : {}) }],
    run(draws) {
      const process = make();
      const block = countBlock(...size);
      const step = () => {
        block.baselineEvents = draws.binomial(size[0], p);
        block.candidateEvents = draws.binomial(size[1], q);
        process.add(block);
      };
      return follow([process.logE], step, { looks: shape.looks, perLook: size[1], untilFirst: p !== q });
    },
  };
}

export function latencyScenario(shape: Shape, value: Value, bars?: Record<string, Partial<Method>>): Scenario {
  const ratio = shape.ratio ?? 1;
  const made = { rank: rank(), p50: exceedance(0.5), p95: exceedance(0.95), p99: exceedance(0.99) };
  const names = bars ? (Object.keys(bars) as (keyof typeof made)[]) : (Object.keys(made) as (keyof typeof made)[]);
  const all = [...names, ...(bars ? [] : ['average', 'union bound'])];
  return {
    table: bars ? 'delays' : 'false alarms',
    name: shape.name,
    runs: shape.runs,
    methods: all.map(name => ({
      name: `${name}, ${ratio}:1`,
      ...(bars ? bars[name] : { mostAlarms: FIVE_PERCENT }),
    })),
    run(draws) {
      const parts = names.map(name => made[name]());
      const block = valueBlock(ratio);
      const phase = draws.uniform();
      const step = (look: number) => {
        for (let i = 0; i < ratio; i++) block.baseline[i] = value(draws, false, look, phase);
        block.candidate[0] = value(draws, true, look, phase);
        for (const part of parts) part.add(block);
      };
      const looks = parts.map(part => part.logE);
      if (!bars) looks.push(average(parts), unionBound(parts));
      return follow(looks, step, { looks: shape.looks, untilFirst: bars !== undefined });
    },
  };
}

export function qualityScenario(shape: Shape, value: Value, bars?: Partial<Method>): Scenario {
  const ratio = shape.ratio ?? 1;
  const make = bet();
  return {
    table: bars ? 'delays' : 'false alarms',
    name: shape.name,
    runs: shape.runs,
    methods: [{ name: `bet on the mean, ${ratio}:1`, ...(bars ?? { mostAlarms: FIVE_PERCENT }) }],
    run(draws) {
      const process = make();
      const block = valueBlock(ratio);
      const step = (look: number) => {
        for (let i = 0; i < ratio; i++) block.baseline[i] = value(draws, false, look, 0);
        block.candidate[0] = value(draws, true, look, 0);
        process.add(block);
      };
      return follow([process.logE], step, { looks: shape.looks, untilFirst: bars !== undefined });
    },
  };
}
