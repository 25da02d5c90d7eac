/** The rows of the default configuration: unchanged releases through 10, 25 and 50 %, and worse ones until they are found. */
import type { Change } from '../../src/analysis/simulated-traffic.test-support.ts';
import { rolloutScenario } from './default-configuration.ts';
import type { Scenario } from './scenario.ts';

const STAGES = [10, 25, 50];
/** On at one half until it is found: another weight is another stage. */
const ON_AND_ON = [10, 25, ...Array.from({ length: 20 }, (_, i) => 50 + (i % 2))];
const NULL = { runs: { full: 1_000, short: 0 }, weights: STAGES };
const DELAY = { runs: { full: 200, short: 0 }, weights: ON_AND_ON };

const slower =
  (factor: number): Change =>
  outcome => {
    outcome.latencyMs = outcome.latencyMs! * factor;
  };
const failing =
  (extra: number): Change =>
  (outcome, random) => {
    outcome.error = outcome.error === true || random() < extra;
  };
const worse =
  (share: number): Change =>
  (outcome, random) => {
    if (random() < share) outcome.quality = 0;
  };

export const DEFAULT_NULLS: readonly Scenario[] = [
  rolloutScenario({ ...NULL, name: '5,000 sticky users, Zipf 1.1', runs: { full: 1_000, short: 40 } }),
  rolloutScenario({ ...NULL, name: '500 sticky users, Zipf 1.1', traffic: { users: 500 } }),
  rolloutScenario({
    ...NULL,
    name: '50,000 users, evenly active',
    traffic: { users: 50_000, zipf: 0 },
    runs: { full: 300, short: 0 },
  }),
  rolloutScenario({
    ...NULL,
    name: '5,000 sticky users, pods of sd 0.1 over 50 requests',
    pods: { sd: 0.1, lasting: 50 },
    runs: { full: 500, short: 0 },
  }),
];

export const DEFAULT_DELAYS: readonly Scenario[] = [
  rolloutScenario({ ...DELAY, name: 'latency +50 %', change: slower(1.5) }),
  rolloutScenario({
    ...DELAY,
    name: 'latency +25 %',
    change: slower(1.25),
    runs: { full: 400, short: 60 },
    bars: { median: 145, p95: 400 },
  }),
  rolloutScenario({ ...DELAY, name: 'latency +15 %', change: slower(1.15) }),
  rolloutScenario({ ...DELAY, name: 'errors 1 → 10 %', change: failing(0.09) }),
  rolloutScenario({ ...DELAY, name: 'errors 1 → 5 %', change: failing(0.04), runs: { full: 400, short: 0 } }),
  rolloutScenario({ ...DELAY, name: 'errors 1 → 3 %', change: failing(0.02) }),
  rolloutScenario({ ...DELAY, name: 'quality 0.90 → 0.72', change: worse(0.2) }),
  rolloutScenario({ ...DELAY, name: 'quality 0.90 → 0.81', change: worse(0.1) }),
];

/** What other shares of alpha would cost or save: errors, latency, quality. */
const SHARES = [
  [1, 1, 1],
  [2, 1, 1],
  [1, 2, 1],
  [1, 1, 2],
] as const;

export const OTHER_SHARES: readonly Scenario[] = SHARES.flatMap(([errors, latency, quality]) => {
  const shares = { errors, latency, quality };
  const said = `shares ${errors}:${latency}:${quality}`;
  return [
    rolloutScenario({ ...DELAY, name: `errors 1 → 5 %, ${said}`, change: failing(0.04), shares }),
    rolloutScenario({ ...DELAY, name: `latency +25 %, ${said}`, change: slower(1.25), shares }),
    rolloutScenario({ ...DELAY, name: `quality 0.90 → 0.81, ${said}`, change: worse(0.1), shares }),
  ];
});
