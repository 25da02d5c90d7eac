/** The rows of the raw processes with their bars: ten per cent of room above what a reference implementation measured. */
import type { Draws } from './draws.ts';
import { counterScenario, errorScenario, latencyScenario, qualityScenario } from './raw-single.ts';
import type { Scenario } from './scenario.ts';

const slower =
  (factor: number, sigma = 0.5) =>
  (draws: Draws, isCandidate: boolean) =>
    (isCandidate ? factor : 1) * draws.logNormal(sigma);
const same = slower(1);
/** ln of the 98th percentile is 2.0537 σ. */
const slowTail = (sigma: number) => (draws: Draws, isCandidate: boolean) => {
  const z = draws.normal();
  return Math.exp(sigma * z) * (isCandidate && z > 2.053748910631823 ? 2 : 1);
};
const sinusoid = (draws: Draws, _: boolean, look: number, phase: number) =>
  draws.logNormal(0.5) * Math.exp(0.5 * Math.sin(2 * Math.PI * (look / 500 + phase)));
const stepUp = (draws: Draws, _: boolean, look: number, phase: number) =>
  draws.logNormal(0.5) * (look > 500 + 2000 * phase ? 1.5 : 1);
const ties = (draws: Draws) => Math.ceil(4 * draws.logNormal(0.5));
const beta = (mean: number) => (draws: Draws, isCandidate: boolean) => {
  const mu = isCandidate ? mean : 0.9;
  return draws.beta(10 * mu, 10 * (1 - mu));
};
const passFail = (mean: number) => (draws: Draws, isCandidate: boolean) => Number(draws.flip(isCandidate ? mean : 0.9));
const fiveLevels = (mean: number) => (draws: Draws, isCandidate: boolean) =>
  draws.binomial(4, isCandidate ? mean : 0.9) / 4;

const MANY = { full: 10_000, short: 400 };
const SOME = { full: 2_000, short: 0 };
const DELAYS = { full: 4_000, short: 500 };
const FEW_DELAYS = { full: 1_000, short: 0 };

export const RAW_NULLS: readonly Scenario[] = [
  ...[0.005, 0.01, 0.05].map(p =>
    errorScenario({ name: `errors ${100 * p} %, 10,000 pairs`, looks: 10_000, runs: MANY }, [p, p], {}),
  ),
  errorScenario({ name: 'errors 1 %, common spikes × 10', looks: 5_000, runs: MANY }, [0.01, 0.01], {}, true),
  errorScenario({ name: 'errors 1 %', ratio: 9, looks: 5_000, runs: { full: 5_000, short: 0 } }, [0.01, 0.01], {}),
  counterScenario({ name: 'errors 1 %, 100 intervals', looks: 100, runs: MANY }, [100, 100], [0.01, 0.01]),
  latencyScenario({ name: 'latency, 4,000 pairs', looks: 4_000, runs: MANY }, same),
  latencyScenario({ name: 'latency, common sinusoid', looks: 4_000, runs: { full: 2_000, short: 0 } }, sinusoid),
  latencyScenario({ name: 'latency, common step', looks: 4_000, runs: { full: 2_000, short: 0 } }, stepUp),
  latencyScenario({ name: 'latency, heavy ties', looks: 4_000, runs: { full: 2_000, short: 0 } }, ties),
  latencyScenario({ name: 'latency, 3,000 blocks', ratio: 9, looks: 3_000, runs: SOME }, same),
  qualityScenario({ name: 'quality, Beta', looks: 5_000, runs: { full: 4_000, short: 0 } }, beta(0.9)),
  qualityScenario({ name: 'quality, pass or fail', looks: 5_000, runs: MANY }, passFail(0.9)),
  qualityScenario({ name: 'quality, five levels', looks: 5_000, runs: { full: 4_000, short: 0 } }, fiveLevels(0.9)),
];

export const RAW_DELAYS: readonly Scenario[] = [
  errorScenario({ name: 'errors 1 → 5 %', looks: 4_000, runs: DELAYS }, [0.01, 0.05], {
    median: 210,
    p95: 650,
    all: 2_000,
  }),
  errorScenario({ name: 'errors 1 → 5 %', ratio: 9, looks: 4_000, runs: DELAYS }, [0.01, 0.05], {
    median: 100,
    p95: 355,
  }),
  errorScenario({ name: 'errors 0.5 → 2 %', looks: 8_000, runs: DELAYS }, [0.005, 0.02], { median: 625, p95: 2_020 }),
  errorScenario({ name: 'errors 0.5 → 2 %', ratio: 9, looks: 8_000, runs: FEW_DELAYS }, [0.005, 0.02], {}),
  errorScenario({ name: 'errors 1 → 2 %', looks: 20_000, runs: FEW_DELAYS }, [0.01, 0.02], {}),
  counterScenario({ name: 'errors 1 → 5 %', looks: 100, runs: FEW_DELAYS }, [100, 100], [0.01, 0.05]),
  counterScenario({ name: 'errors 1 → 5 %', looks: 100, runs: FEW_DELAYS }, [900, 100], [0.01, 0.05]),
  latencyScenario({ name: 'latency +25 %, σ 0.5', looks: 8_000, runs: DELAYS }, slower(1.25), {
    rank: { median: 80, p95: 210 },
    p50: {},
    p95: {},
    p99: {},
  }),
  latencyScenario({ name: 'latency +10 %, σ 0.5', looks: 8_000, runs: DELAYS }, slower(1.1), {
    rank: { median: 420, p95: 1_215 },
  }),
  latencyScenario({ name: 'latency +25 %, σ 0.5', ratio: 9, looks: 8_000, runs: FEW_DELAYS }, slower(1.25), {
    rank: {},
  }),
  latencyScenario({ name: 'latency +25 %, σ 1', looks: 8_000, runs: FEW_DELAYS }, slower(1.25, 1), { rank: {} }),
  latencyScenario({ name: 'latency +10 %, σ 1', looks: 20_000, runs: FEW_DELAYS }, slower(1.1, 1), { rank: {} }),
  latencyScenario(
    { name: 'slowest 2 % doubled, σ 0.5', looks: 12_000, runs: { full: 4_000, short: 250 } },
    slowTail(0.5),
    {
      p99: { median: 910, p95: 2_630 },
    },
  ),
  latencyScenario({ name: 'slowest 2 % doubled, σ 1', looks: 12_000, runs: FEW_DELAYS }, slowTail(1), { p99: {} }),
  qualityScenario({ name: 'quality 0.90 → 0.87, Beta', looks: 8_000, runs: FEW_DELAYS }, beta(0.87), {}),
  qualityScenario({ name: 'quality 0.90 → 0.87, five levels', looks: 8_000, runs: DELAYS }, fiveLevels(0.87), {
    median: 375,
    p95: 1_155,
  }),
  qualityScenario({ name: 'quality 0.90 → 0.87, pass or fail', looks: 20_000, runs: DELAYS }, passFail(0.87), {
    median: 1_730,
    p95: 4_840,
  }),
];
