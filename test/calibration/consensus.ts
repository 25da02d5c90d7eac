/** Six tests side by side on streams of errors, latency and quality: the average of their e-values and the union bound. */
import type { Draws } from './draws.ts';
import { average, bet, countBlock, errorOdds, exceedance, rank, unionBound, valueBlock } from './processes.ts';
import { follow, type Method, type Scenario } from './scenario.ts';

interface Change {
  /** Of the candidate; the baseline has 1 %, 1 and 0.90. */
  errors?: number;
  slower?: number;
  tail?: boolean;
  quality?: number;
}

interface Options {
  name: string;
  looks: number;
  runs: { full: number; short: number };
  change?: Change;
  margin?: number;
  /** Baseline requests a candidate request, by look. */
  ratio?: (look: number) => number;
  baselineErrors?: number;
  bars?: Partial<Method>;
  isNull: boolean;
}

const TAIL_Z = 2.053748910631823;

export function consensusScenario(options: Options): Scenario {
  const { change = {}, margin = 0, ratio = () => 1, baselineErrors = 0.01, isNull, bars } = options;
  const makers = [rank({ margin }), exceedance(0.5, margin), exceedance(0.95, margin), exceedance(0.99, margin)];
  const [makeErrors, makeQuality] = [errorOdds(), bet()];
  const { errors = baselineErrors, slower = 1, tail = false, quality = 0.9 } = change;
  const latency = (draws: Draws, isCandidate: boolean) => {
    const z = draws.normal();
    return Math.exp(0.5 * z) * (isCandidate ? slower * (tail && z > TAIL_Z ? 2 : 1) : 1);
  };
  return {
    table: isNull ? 'false alarms' : 'delays',
    name: options.name,
    runs: options.runs,
    methods: [
      { name: 'six tests, average', ...(isNull ? { mostAlarms: 0.05 } : bars) },
      { name: 'six tests, union bound', ...(isNull ? { mostAlarms: 0.05 } : {}) },
    ],
    run(draws) {
      const [odds, mean] = [makeErrors(), makeQuality()];
      const latencies = makers.map(make => make());
      const parts = [odds, mean, ...latencies];
      const step = (look: number) => {
        const size = ratio(look);
        const counts = countBlock(size, 1);
        const [values, scores] = [valueBlock(size), valueBlock(size)];
        counts.baselineEvents = draws.binomial(size, baselineErrors);
        counts.candidateEvents = draws.binomial(1, errors);
        for (let i = 0; i < size; i++) {
          values.baseline[i] = latency(draws, false);
          scores.baseline[i] = draws.binomial(4, 0.9) / 4;
        }
        values.candidate[0] = latency(draws, true);
        scores.candidate[0] = draws.binomial(4, quality) / 4;
        if (counts.baselineEvents + counts.candidateEvents > 0) odds.add(counts);
        mean.add(scores);
        for (const part of latencies) part.add(values);
      };
      return follow([average(parts), unionBound(parts)], step, { looks: options.looks, untilFirst: !isNull });
    },
  };
}

const NULL = { isNull: true, runs: { full: 2_000, short: 0 } };
const DELAY = { isNull: false, looks: 8_000, runs: { full: 2_000, short: 0 } };

export const CONSENSUS: readonly Scenario[] = [
  consensusScenario({ ...NULL, name: 'six tests, 3,000 pairs', looks: 3_000, runs: { full: 10_000, short: 100 } }),
  consensusScenario({
    ...NULL,
    name: 'six tests, split 19:1 → 3:1 → 1:1',
    looks: 2_000,
    ratio: look => (look <= 500 ? 19 : look <= 1_000 ? 3 : 1),
  }),
  consensusScenario({
    ...NULL,
    name: 'six tests, +5 % at a margin of 5 %',
    looks: 3_000,
    margin: 0.05,
    change: { slower: 1.05 },
  }),
  consensusScenario({
    ...NULL,
    name: 'six tests, a better candidate',
    looks: 3_000,
    change: { errors: 0.005, slower: 0.9, quality: 0.92 },
  }),
  consensusScenario({
    ...DELAY,
    runs: { full: 2_000, short: 200 },
    name: 'six tests, errors 1 → 5 %',
    change: { errors: 0.05 },
    bars: { median: 335, p95: 850 },
  }),
  consensusScenario({
    ...DELAY,
    name: 'six tests, latency +25 %',
    change: { slower: 1.25 },
    bars: { median: 115, p95: 285 },
  }),
  consensusScenario({
    ...DELAY,
    name: 'six tests, latency +10 %',
    change: { slower: 1.1 },
    bars: { median: 620, p95: 1_515 },
  }),
  consensusScenario({
    ...DELAY,
    name: 'six tests, slowest 2 % doubled',
    looks: 12_000,
    change: { tail: true },
    bars: { median: 1_110, p95: 3_000 },
  }),
  consensusScenario({
    ...DELAY,
    name: 'six tests, errors 1 → 2 %, latency +10 %, quality 0.90 → 0.88',
    change: { errors: 0.02, slower: 1.1, quality: 0.88 },
  }),
];
