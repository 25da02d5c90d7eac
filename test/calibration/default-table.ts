/** The rows of the default configuration: unchanged releases through 10, 25 and 50 %, and worse ones until they are found. */
import type { LiveOutcome } from '../../src/analysis/live-outcome.ts';
import type { Change } from '../../src/analysis/simulated-traffic.test-support.ts';
import { PLAN, type Rollout, rolloutScenario, type Watcher } from './default-configuration.ts';
import type { Method, Scenario } from './scenario.ts';

const STAGES = [10, 25, 50];
/** On at one half until it is found: another weight is another stage. */
export const ON_AND_ON = [10, 25, ...Array.from({ length: 20 }, (_, i) => 50 + (i % 2))];

const DEFAULT: Watcher = { name: 'default configuration' };
const ALPHA = { mostAlarms: 0.05 };
const UNITS: readonly Watcher[] = [
  { ...DEFAULT, bars: ALPHA },
  { name: 'each request a unit of its own', ignoresUnits: true },
];
const REQUESTS: readonly Watcher[] = [
  {
    name: 'default configuration of requests',
    plan: { ...PLAN, counted: 'requests' },
    ignoresUnits: true,
    bars: ALPHA,
  },
  { name: 'as if they were units', ignoresUnits: true },
];
/** As a gateway splits them: whoever asks twice is another user. */
const SINGLE = { users: 200_000, zipf: 0 };

export const slower =
  (factor: number): Change =>
  outcome => {
    outcome.latencyMs = outcome.latencyMs! * factor;
  };
/** 400 ms are usual; 2 % of the answers take longer than this. */
const SLOW_MS = 1_324;
export const slowTail: Change = (outcome: LiveOutcome) => {
  if (outcome.latencyMs! > SLOW_MS) outcome.latencyMs = outcome.latencyMs! * 2;
};
export const failing =
  (extra: number): Change =>
  (outcome, random) => {
    outcome.error = outcome.error === true || random() < extra;
  };
export const worse =
  (share: number): Change =>
  (outcome, random) => {
    if (random() < share) outcome.quality = 0;
  };

const unchanged = (name: string, rollout: Partial<Rollout>): Scenario =>
  rolloutScenario({ name, runs: { full: 400, short: 0 }, weights: STAGES, watchers: UNITS, ...rollout });
const pods = (lasting: number) => ({ latency: { sd: 0.1, lasting } });

export const DEFAULT_NULLS: readonly Scenario[] = [
  unchanged('5,000 sticky users, Zipf 1.1', { runs: { full: 2_000, short: 40 } }),
  unchanged('500 sticky users, Zipf 1.1', { traffic: { users: 500 } }),
  unchanged('50,000 users, evenly active', { traffic: { users: 50_000, zipf: 0 } }),
  unchanged('5,000 sticky users, pods of sd 0.1 over 50 requests', { arms: pods(50) }),
  unchanged('5,000 sticky users, pods of sd 0.1 over 200 requests', { arms: pods(200) }),
  unchanged('5,000 sticky users, errors of ICC 0.02', { arms: { errors: { rate: 0.01, icc: 0.02 } } }),
  unchanged('single requests', { traffic: SINGLE, watchers: REQUESTS }),
  unchanged('single requests, pods of sd 0.1 over 50 requests', {
    traffic: SINGLE,
    watchers: REQUESTS,
    arms: pods(50),
    runs: { full: 400, short: 20 },
  }),
  unchanged('single requests, pods of sd 0.1 over 200 requests', {
    traffic: SINGLE,
    watchers: REQUESTS,
    arms: pods(200),
  }),
  unchanged('single requests, errors of ICC 0.02', {
    traffic: SINGLE,
    watchers: REQUESTS,
    arms: { errors: { rate: 0.01, icc: 0.02 } },
  }),
];

const changed = (name: string, change: Change, bars: Partial<Method>, rollout: Partial<Rollout> = {}): Scenario =>
  rolloutScenario({
    name,
    change,
    runs: { full: 200, short: 0 },
    weights: ON_AND_ON,
    ...rollout,
    watchers: (rollout.watchers ?? [DEFAULT]).map(watcher => ({ ...watcher, bars })),
  });
const inRequests: Partial<Rollout> = { traffic: SINGLE, watchers: REQUESTS.slice(0, 1) };

export const DEFAULT_DELAYS: readonly Scenario[] = [
  changed('latency +50 %', slower(1.5), { median: 70, p95: 125 }),
  changed('latency +25 %', slower(1.25), { median: 195, p95: 520 }, { runs: { full: 400, short: 60 } }),
  changed('latency +15 %', slower(1.15), { median: 680, p95: 2_700 }),
  changed(
    'slowest 2 % doubled, 100,000 users',
    slowTail,
    { median: 4_800, p95: 9_000 },
    { traffic: { users: 100_000, zipf: 0.5 } },
  ),
  changed('errors 1 → 10 %', failing(0.09), { median: 75, p95: 225 }),
  changed('errors 1 → 5 %', failing(0.04), { median: 360, p95: 1_700 }, { runs: { full: 400, short: 60 } }),
  changed('errors 1 → 3 %', failing(0.02), { median: 2_700, p95: 7_200 }),
  changed('quality 0.90 → 0.72', worse(0.2), { median: 90, p95: 200 }),
  changed('quality 0.90 → 0.81', worse(0.1), { median: 320, p95: 1_080 }),
  changed('latency +25 % from the third stage on', slower(1.25), { median: 470, p95: 1_000 }, { from: 2 }),
  changed('errors 1 → 5 % from the third stage on', failing(0.04), { median: 970, p95: 2_000 }, { from: 2 }),
  changed('single requests, latency +25 %', slower(1.25), { median: 300, p95: 600 }, inRequests),
  changed('single requests, errors 1 → 5 %', failing(0.04), { median: 440, p95: 1_150 }, inRequests),
  changed('single requests, quality 0.90 → 0.81', worse(0.1), { median: 570, p95: 1_280 }, inRequests),
];
