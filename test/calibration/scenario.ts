/**
 * What one simulation is: a stream, the methods that look at it, and the bars they must hold. A run says for each method
 * after how many candidate requests it alarmed; everything in the tables is counted from that.
 */
import type { Draws } from './draws.ts';

/** Candidate requests until the alarm at alpha 0.05 and at 0.01; Infinity: never. */
export type Alarms = [at05: number, at01: number];

export interface Method {
  name: string;
  /** Highest share of false alarms at alpha 0.05, before three standard errors are added. */
  mostAlarms?: number;
  /** Delays, in candidate requests. */
  median?: number;
  p95?: number;
  /** Every run must find it within this. */
  all?: number;
}

export interface Scenario {
  table:
    | 'false alarms'
    | 'delays'
    | 'correlated'
    | 'gates'
    | 'default false alarms'
    | 'default delays'
    | 'choices: false alarms'
    | 'choices: delays'
    | 'histograms';
  /** What the stream is, and how long. */
  name: string;
  methods: readonly Method[];
  /** 0: left out of the short version. */
  runs: { full: number; short: number };
  run(draws: Draws): Alarms[];
}

const AT_05 = Math.log(20);
const AT_01 = Math.log(100);

export interface Course {
  looks: number;
  /** Candidate requests a look. */
  perLook?: number;
  /** A delay is over at the first alarm; false alarms are counted at 0.01 too. */
  untilFirst: boolean;
}

/** Feeds and looks until every method has alarmed or the looks are over. */
export function follow(logEs: readonly (() => number)[], step: (look: number) => void, course: Course): Alarms[] {
  const { looks, perLook = 1, untilFirst } = course;
  const alarms = logEs.map((): Alarms => [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  const enough = untilFirst ? 0 : 1;
  let open = logEs.length;
  for (let look = 1; look <= looks && open > 0; look++) {
    step(look);
    for (let m = 0; m < logEs.length; m++) {
      const alarm = alarms[m]!;
      if (alarm[enough] !== Number.POSITIVE_INFINITY) continue;
      const logE = logEs[m]!();
      if (logE < AT_05) continue;
      if (alarm[0] === Number.POSITIVE_INFINITY) alarm[0] = look * perLook;
      if (logE >= AT_01) alarm[1] = look * perLook;
      if (alarm[enough] !== Number.POSITIVE_INFINITY) open--;
    }
  }
  return alarms;
}
