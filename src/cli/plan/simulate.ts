/** The three questions to the simulated detector: one stage by itself, the rollout as it would go, the limit at full weight. */
import { chanceOf, shareBy, smallestFound, type Waits, waitOfShare, waits, waitsOf } from '../../analysis/power.ts';
import { type Alarm, type Course, runRollout, runStage, type Watch } from '../../analysis/power-run.ts';
import { type Arrivals, msUntil, unitsBy } from '../../analysis/unit-arrivals.ts';
import type { Pair, RolloutForecast, StageForecast } from './forecast.ts';
import type { PlannedStage } from './planned-stage.ts';

export interface Simulation {
  arrivals: Arrivals;
  /** For each delay; half of them for rollouts, a sixth for a smallest regression, which takes many sizes. */
  runs: number;
  seed: number;
}

/** The probability that "found" stands for. */
export const POWER = 0.95;
/** Parts of the time-out at which the picture of a stage looks. */
const PICTURE = Array.from({ length: 20 }, (_, i) => (i + 1) / 20);
const NEVER = Number.POSITIVE_INFINITY;

export function simulateStage(watch: Watch, stage: PlannedStage, size: number, simulation: Simulation): StageForecast {
  const { arrivals, runs, seed } = simulation;
  const { weight, timeoutMs, holdMs } = stage.simulated;
  const chance = chanceOf(seed);
  const within = { weight, mostUnits: Math.floor(unitsBy(arrivals, timeoutMs)) };
  const smallest = smallestFound((tried, run) => runStage(watch, within, tried, chance(run)) !== null, {
    largest: watch.simulated.largest,
    runs: Math.ceil(runs / 6),
    power: POWER,
  });
  // To twice the time-out, so that it can be said by how much a stage is too short.
  const beyond = { weight, mostUnits: Math.floor(unitsBy(arrivals, 2 * timeoutMs)) };
  const alarms: (Alarm | null)[] = [];
  const units = waits(run => {
    alarms[run] = runStage(watch, beyond, size, chance(run));
    return alarms[run]?.units ?? NEVER;
  }, runs);
  const ms = mapped(pairOf(units), wait => msUntil(arrivals, wait));
  return {
    stage,
    smallest,
    delay: {
      candidates: pairOf(waitsOf(alarms.map(alarm => alarm?.candidates ?? NEVER))),
      requests: mapped(ms, wait => (arrivals.perSecond * wait) / 1000),
      ms,
    },
    foundInHold: shareBy(units, unitsBy(arrivals, holdMs)),
    foundInTimeout: shareBy(units, within.mostUnits),
    foundBy: PICTURE.map(part => shareBy(units, unitsBy(arrivals, part * timeoutMs))),
  };
}

export function simulateRollout(watch: Watch, course: Course, size: number, simulation: Simulation): RolloutForecast {
  const { arrivals, runs, seed } = simulation;
  const chance = chanceOf(seed);
  const [half, few] = [Math.ceil(runs / 2), Math.ceil(runs / 6)];
  const smallest = smallestFound((tried, run) => isTakenBack(runRollout(watch, course, tried, chance(run)).end), {
    largest: watch.simulated.largest,
    runs: few,
    power: POWER,
  });
  const ends = Array.from({ length: half }, (_, run) => runRollout(watch, course, size, chance(run)));
  const taken = ends.filter(({ end }) => isTakenBack(end));
  const missing = Array.from({ length: half - taken.length }, () => NEVER);
  const ms = pairOf(waitsOf([...taken.map(run => run.ms), ...missing]));
  const quiet = Array.from({ length: few }, (_, run) => runRollout(watch, course, 0, chance(run)));
  return {
    smallest,
    delay: {
      candidates: pairOf(waitsOf([...taken.map(run => run.candidates), ...missing])),
      requests: mapped(ms, wait => (arrivals.perSecond * wait) / 1000),
      ms,
    },
    foundIn: course.stages.map((_, index) => taken.filter(({ stage }) => stage === index).length / half),
    taken: taken.length / half,
    heldUp: ends.filter(({ end }) => end === 'waits').length / half,
    missed: ends.filter(({ end }) => end === 'through').length / half,
    unchanged: {
      runs: few,
      calledWorse: quiet.filter(({ end }) => end === 'found').length,
      heldUp: quiet.filter(({ end, isLate }) => end === 'timedOut' || (isLate && end !== 'found')).length,
      medianMs: waitOfShare(waitsOf(quiet.map(({ end, ms: took }) => (end === 'through' ? took : NEVER))), 0.5),
    },
  };
}

/** Smallest rise of the error rate that the limit finds by itself, where there is no baseline any more. */
export function simulateLimit(watch: Watch, withinMs: number, { arrivals, runs, seed }: Simulation): number | null {
  const chance = chanceOf(seed);
  const within = { weight: 100, mostUnits: Math.floor(unitsBy(arrivals, withinMs)) };
  return smallestFound((tried, run) => runStage(watch, within, tried, chance(run)) !== null, {
    largest: watch.simulated.largest,
    runs: Math.ceil(runs / 6),
    power: POWER,
  });
}

export const isTakenBack = (end: ReturnType<typeof runRollout>['end']) => end === 'found' || end === 'timedOut';

function pairOf(seen: Waits): Pair {
  return { median: waitOfShare(seen, 0.5), p95: waitOfShare(seen, POWER) };
}

const mapped = ({ median, p95 }: Pair, of: (wait: number) => number): Pair => ({ median: of(median), p95: of(p95) });
