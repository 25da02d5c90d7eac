/** What else could have been chosen for the default configuration, on the same requests: each choice alone is another. */
import type { EvidencePlan } from '../../src/analysis/live-plan.ts';
import { type LiveSettings, UNIT_SETTINGS } from '../../src/analysis/live-settings.ts';
import type { Change } from '../../src/analysis/simulated-traffic.test-support.ts';
import { PLAN, type Rollout, rolloutScenario, type Watcher } from './default-configuration.ts';
import { failing, ON_AND_ON, slower, slowTail, worse } from './default-table.ts';
import type { Scenario } from './scenario.ts';

const quantiles = (shares: Record<number, number>) =>
  Object.entries(shares).map(([p, share]) => ({ p: Number(p), share }));
const but = (settings: Partial<LiveSettings>): LiveSettings => ({ ...UNIT_SETTINGS, ...settings });

/** The shares of errors, latency and quality. */
function shared(errors: number, latency: number, quality: number): EvidencePlan {
  const named = { errors, latency, quality };
  const declared = { name: 'errors', direction: 'lowerIsBetter', minEffect: 0, required: true } as const;
  return {
    ...PLAN,
    metrics: [declared, ...PLAN.metrics].map(metric => ({
      ...metric,
      weight: named[metric.name as keyof typeof named],
    })),
  };
}

const WATCHERS: readonly Watcher[] = [
  { name: 'as it is' },
  { name: 'ranks alone', settings: but({ rankShare: 1, quantiles: [] }) },
  {
    name: 'ranks 0.4, p50 0.1, p95 0.3, p99 0.2',
    settings: but({ rankShare: 0.4, quantiles: quantiles({ 0.5: 0.1, 0.95: 0.3, 0.99: 0.2 }) }),
  },
  { name: 'no copy begins later', settings: but({ atRest: 0 }) },
  { name: 'half at rest for later copies', settings: but({ atRest: 0.5 }) },
  { name: 'tempered', settings: but({ temperingSlice: 100 }) },
  { name: 'shares 3:5:2', plan: shared(3, 5, 2) },
  { name: 'shares 2:1:1', plan: shared(2, 1, 1) },
];

const choice = (name: string, rollout: Partial<Rollout>): Scenario =>
  rolloutScenario({
    name,
    table: rollout.change ? 'choices: delays' : 'choices: false alarms',
    runs: { full: rollout.change ? 150 : 300, short: 0 },
    weights: rollout.change ? ON_AND_ON : [10, 25, 50],
    watchers: WATCHERS,
    ...rollout,
  });
const delay = (name: string, change: Change, rollout: Partial<Rollout> = {}) => choice(name, { change, ...rollout });

export const CHOICES: readonly Scenario[] = [
  choice('5,000 sticky users', {}),
  choice('5,000 sticky users, pods of sd 0.1 over 200 requests', { arms: { latency: { sd: 0.1, lasting: 200 } } }),
  delay('latency +25 %', slower(1.25)),
  delay('errors 1 → 5 %', failing(0.04)),
  delay('quality 0.90 → 0.81', worse(0.1)),
  delay('slowest 2 % doubled, 100,000 users', slowTail, { traffic: { users: 100_000, zipf: 0.5 } }),
  delay('latency +25 % from the third stage on', slower(1.25), { from: 2 }),
  delay('errors 1 → 5 % from the third stage on', failing(0.04), { from: 2 }),
];
