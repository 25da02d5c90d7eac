/** The stages in which there is a baseline to compare with, with the units that traffic brings them. Simulates nothing. */
import { type Arrivals, msUntil, unitsBy } from '../../analysis/unit-arrivals.ts';
import type { Plan, StagePlan } from '../../config/plan.ts';

export interface PlannedStage {
  /** From 0; the bake comes after the last. */
  index: number;
  label: string;
  isBake: boolean;
  plan: StagePlan;
  /** The same, shortened where more units come than are simulated. */
  simulated: StagePlan;
  /** Expected, of both arms and of the candidate. */
  units: { hold: number; timeout: number };
  candidates: { hold: number; timeout: number };
}

/** Units of both arms that are simulated in a stage: seconds of work, and twice what the defaults have at 20 a second. */
export const MOST_UNITS = 12_000;
/** Of a stage that a whole rollout goes through. */
export const MOST_UNITS_IN_ROLLOUT = 6_000;

export function plannedStages(plan: Plan, arrivals: Arrivals): { stages: PlannedStage[]; isCapped: boolean } {
  const { stages, bakeMs, holdbackWeight } = plan.rollout;
  const compared = stages.flatMap((stage, index) => (stage.weight < 100 ? [{ stage, index, isBake: false }] : []));
  const last = stages.at(-1)!;
  // As in a release: a bake with a holdback goes on comparing, and has the policies of the last stage.
  if (holdbackWeight > 0 && bakeMs > 0) {
    const stage = { ...last, weight: 100 - holdbackWeight, holdMs: bakeMs, timeoutMs: bakeMs + last.timeoutMs };
    compared.push({ stage, index: stages.length, isBake: true });
  }
  const most = msUntil(arrivals, MOST_UNITS);
  const mostInRollout = msUntil(arrivals, MOST_UNITS_IN_ROLLOUT);
  return {
    stages: compared.map(({ stage, index, isBake }) => {
      const units = { hold: unitsBy(arrivals, stage.holdMs), timeout: unitsBy(arrivals, stage.timeoutMs) };
      const share = stage.weight / 100;
      return {
        index,
        label: isBake ? `bake ${stage.weight} %` : `${stage.weight} %`,
        isBake,
        plan: stage,
        simulated: shortened(stage, most),
        units,
        candidates: { hold: share * units.hold, timeout: share * units.timeout },
      };
    }),
    isCapped: compared.some(({ stage }) => stage.timeoutMs > most || stage.holdMs > mostInRollout),
  };
}

/** No longer than this. */
export function shortened(stage: StagePlan, mostMs: number): StagePlan {
  return { ...stage, holdMs: Math.min(stage.holdMs, mostMs), timeoutMs: Math.min(stage.timeoutMs, mostMs) };
}
