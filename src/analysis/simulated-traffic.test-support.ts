/**
 * Seeded traffic of a rollout for simulations: users who come back (Zipf), each with a speed, an error-proneness and a
 * taste of its own, assigned to arms by hash as real ones are. What a regression does is a function on outcomes.
 */
import type { LiveOutcome } from './live-outcome.ts';

export function normalFrom(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export interface TrafficOptions {
  users: number;
  /** Zipf exponent of the users' activity. */
  zipf: number;
  /** Standard deviation of ln latency between users, and of one user's requests. */
  sigmaUser: number;
  sigma: number;
  /** Mean error rate; users differ by a gamma factor of mean 1. */
  errorRate: number;
  requestsPerSecond: number;
}

export const DEFAULT_TRAFFIC: TrafficOptions = {
  users: 5_000,
  zipf: 1.1,
  sigmaUser: 0.3,
  sigma: 0.5,
  errorRate: 0.01,
  requestsPerSecond: 20,
};

interface User {
  hash: number;
  /** 0 to 1: on the candidate when below the weight. */
  bucket: number;
  speed: number;
  errorRate: number;
  taste: number;
}

export type Change = (outcome: LiveOutcome, random: () => number) => void;

interface Traffic {
  nowMs: number;
  /** The next request at this weight; `change` is done to those of the candidate. */
  next(weight: number, change?: Change): LiveOutcome;
}

export function simulatedTraffic(random: () => number, options: TrafficOptions = DEFAULT_TRAFFIC): Traffic {
  const users = Array.from({ length: options.users }, () => newUser(random, options));
  const cumulated = new Float64Array(options.users);
  let total = 0;
  for (let i = 0; i < options.users; i++) cumulated[i] = total += (i + 1) ** -options.zipf;
  return {
    nowMs: 0,
    next(weight, change) {
      this.nowMs += (-Math.log(1 - random()) * 1000) / options.requestsPerSecond;
      const user = users[indexOf(cumulated, random() * total)]!;
      const arm = user.bucket * 100 < weight ? 'candidate' : 'baseline';
      const outcome: LiveOutcome = {
        arm,
        expectedArm: arm,
        unitHash: user.hash,
        atMs: this.nowMs,
        latencyMs: 400 * Math.exp(user.speed + options.sigma * normalFrom(random)),
        error: random() < user.errorRate,
        quality: random() < user.taste ? 1 : 0,
      };
      if (arm === 'candidate') change?.(outcome, random);
      return outcome;
    },
  };
}

function newUser(random: () => number, options: TrafficOptions): User {
  return {
    hash: Math.floor(random() * 2 ** 32),
    bucket: random(),
    speed: options.sigmaUser * normalFrom(random),
    errorRate: Math.min(1, -options.errorRate * Math.log(1 - random())),
    taste: 0.8 + 0.2 * random(),
  };
}

function indexOf(cumulated: Float64Array, at: number): number {
  let low = 0;
  let high = cumulated.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulated[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
