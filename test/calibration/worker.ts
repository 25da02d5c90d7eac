/** Runs a range of runs of one scenario. Each run has a seed of its own, so that the split over threads changes nothing. */
import { parentPort } from 'node:worker_threads';
import { seededRandom } from '../../src/stats/random.ts';
import { drawsFrom } from './draws.ts';
import { SCENARIOS } from './scenarios.ts';

export interface Job {
  scenario: number;
  seed: number;
  from: number;
  to: number;
}

/** Alarms of run after run, method after method, two numbers each. */
export interface Done {
  job: Job;
  alarms: Float64Array;
}

export function work(job: Job): Done {
  const { methods, run } = SCENARIOS[job.scenario]!;
  const alarms = new Float64Array((job.to - job.from) * methods.length * 2);
  let at = 0;
  for (let i = job.from; i < job.to; i++) {
    const seed =
      Math.imul(job.seed + 1, 0x9e3779b1) ^ Math.imul(job.scenario + 1, 0x85ebca6b) ^ Math.imul(i + 1, 0xc2b2ae35);
    for (const pair of run(drawsFrom(seededRandom(seed >>> 0)))) {
      alarms[at++] = pair[0];
      alarms[at++] = pair[1];
    }
  }
  return { job, alarms };
}

parentPort?.on('message', (job: Job) => parentPort!.postMessage(work(job)));
