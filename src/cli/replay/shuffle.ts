/**
 * The same samples with arms drawn at random: no difference is left, so every alarm is a false one, and their share is the
 * false-alarm rate on this very data. Units keep one arm, as real ones do, and move to the candidate as its weight rises;
 * all shuffles listen to one reading of the file.
 */
import { type LiveEvidence, openEvidence } from '../../analysis/live.ts';
import type { Arm, LiveOutcome } from '../../analysis/live-outcome.ts';
import { seededRandom } from '../../stats/index.ts';
import { twoProportions } from '../../stats/two-proportions.ts';
import { type DetectorOptions, enterStages } from './detector.ts';

export interface ShuffleReport {
  runs: number;
  seed: number;
  alarms: number;
  /** Metric → alarms that it raised first. */
  by: Record<string, number>;
  rate: number;
  /** Wilson's, 95 %. */
  interval: readonly [low: number, high: number];
}

interface Run {
  evidence: LiveEvidence;
  /** Names the run, so that a unit gets an arm of its own in each. */
  salt: number;
  random: () => number;
  step: number;
  alarm: string | null;
}

/** An alarm stays, so that looking often finds no more; it only frees what would still be fed. */
const LOOK_EVERY = 4096;

export class Shuffles {
  readonly #runs: Run[];
  readonly #options: DetectorOptions;
  readonly #seed: number;
  #samples = 0;

  constructor(count: number, seed: number, options: DetectorOptions) {
    const random = seededRandom(seed);
    // The limit of the error rate compares nothing: with it switched on, a high rate on both arms would count as false.
    const plan = { ...options.plan, errorRateMax: null };
    this.#options = options;
    this.#seed = seed;
    this.#runs = Array.from({ length: count }, () => {
      const salt = Math.floor(random() * 2 ** 32);
      return { evidence: openEvidence(plan), salt, random: seededRandom(salt), step: -1, alarm: null };
    });
  }

  add(sample: LiveOutcome): void {
    for (const run of this.#runs) {
      if (run.alarm !== null) continue;
      run.step = enterStages(run.evidence, this.#options, run.step, sample.atMs);
      const weight = this.#options.split[run.step]!.weight;
      const place = sample.unitHash === undefined ? run.random() : bucket(sample.unitHash, run.salt);
      const arm: Arm = place * 100 < weight ? 'candidate' : 'baseline';
      run.evidence.add({ ...sample, arm });
    }
    if (++this.#samples % LOOK_EVERY === 0) this.#look(sample.atMs);
  }

  report(): ShuffleReport {
    this.#look(0);
    const by: Record<string, number> = {};
    for (const { alarm } of this.#runs) if (alarm !== null) by[alarm] = (by[alarm] ?? 0) + 1;
    const alarms = Object.values(by).reduce((sum, count) => sum + count, 0);
    const runs = this.#runs.length;
    const tally = { events: alarms, trials: runs };
    const interval = twoProportions(tally, tally).wilson.x;
    return { runs, seed: this.#seed, alarms, by, rate: alarms / runs, interval };
  }

  #look(nowMs: number): void {
    const { minSamples } = this.#options;
    for (const run of this.#runs) {
      if (run.alarm !== null) continue;
      const verdict = run.evidence.judge({ minSamples, require: 'noHarm', nowMs });
      if (verdict.kind === 'fail') run.alarm = verdict.metric;
    }
  }
}

/** 0 to 1, evenly spread and unrelated between salts: the finaliser of MurmurHash3, twice. */
function bucket(unitHash: number, salt: number): number {
  return mix(mix(unitHash ^ salt) + salt) / 2 ** 32;
}

function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
