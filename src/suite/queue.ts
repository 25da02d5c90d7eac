/**
 * The order in which cases run, and where their results go. All cases once before any repeat, so that a run that is cut
 * has seen as many cases as it could; the arms of a case side by side, in an order drawn for each case, so that neither
 * arm always meets the warmer cache or the fuller endpoint. Positions are arithmetic: nothing is allocated per case.
 */
import type { CasePlan } from '../config/plan.ts';
import { blank } from './attempts.ts';
import type { SuiteProgress } from './options.ts';
import type { ArmOutcome, CaseResult } from './outcome.ts';
import type { ArmState, Unit } from './run.ts';

interface QueueUnit extends Unit {
  armIndex: number;
  caseIndex: number;
}

export interface Queue {
  readonly total: number;
  next(): QueueUnit | undefined;
  record(unit: QueueUnit, result: CaseResult): void;
  /** Results of every arm in the order of the cases; what has none was not run, for this reason. */
  outcomes(reason: string): ArmOutcome[];
}

interface QueuePlan {
  cases: readonly CasePlan[];
  arms: readonly (ArmState & { version?: string })[];
  repeat: number;
  random: () => number;
  onProgress?: ((progress: SuiteProgress) => void) | undefined;
}

export function makeQueue({ cases, arms, repeat, random, onProgress }: QueuePlan): Queue {
  const total = cases.length * arms.length * repeat;
  // Which arm goes first, for each case and repeat; drawn up front, so that a seed gives one order whatever the timing.
  const firsts = Uint16Array.from({ length: cases.length * repeat }, () => Math.floor(random() * arms.length));
  const results = arms.map(() => new Array<CaseResult | undefined>(cases.length * repeat));
  const counts = { passed: 0, failed: 0, error: 0, notRun: 0 };
  let position = 0;
  let done = 0;

  return {
    total,
    next() {
      if (position >= total) return undefined;
      const turn = Math.floor(position / arms.length);
      const armIndex = (firsts[turn]! + (position % arms.length)) % arms.length;
      const caseIndex = turn % cases.length;
      position += 1;
      const repeatNumber = Math.floor(turn / cases.length) + 1;
      return { plan: cases[caseIndex]!, arm: arms[armIndex]!, repeat: repeatNumber, armIndex, caseIndex };
    },
    record(unit, result) {
      results[unit.armIndex]![unit.caseIndex * repeat + unit.repeat - 1] = result;
      counts[result.status] += 1;
      if (result.status !== 'notRun') done += 1;
      onProgress?.({ done, total, passed: counts.passed, failed: counts.failed, errors: counts.error });
    },
    outcomes: reason => arms.map((arm, index) => armOutcome(arm, complete(results[index]!, reason))),
  };

  function complete(found: readonly (CaseResult | undefined)[], reason: string): CaseResult[] {
    return Array.from(found, (result, index) => {
      const plan = cases[Math.floor(index / repeat)]!;
      return result ?? { ...blank({ plan, repeat: (index % repeat) + 1 }, 'notRun'), error: `not run: ${reason}` };
    });
  }
}

function armOutcome(arm: { name: string; version?: string }, cases: CaseResult[]): ArmOutcome {
  const count = (status: CaseResult['status']) => cases.filter(result => result.status === status).length;
  return {
    name: arm.name,
    ...(arm.version === undefined ? {} : { version: arm.version }),
    passed: count('passed'),
    failed: count('failed'),
    errors: count('error'),
    notRun: count('notRun'),
    cases,
  };
}
