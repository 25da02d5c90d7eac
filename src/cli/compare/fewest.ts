/**
 * How many samples could fail at all: found by asking the rule itself about arms that could not differ more, so that what
 * is promised here is what the next run does.
 */
import { judgeBatch } from '../../analysis/batch.ts';
import type { Samples } from '../../analysis/sample.ts';
import type { MetricPlan } from '../../config/plan.ts';

const MOST = 200;

export interface Shape {
  metric: MetricPlan;
  isRatio: boolean;
  isPassFail: boolean;
  isPaired: boolean;
  alpha: number;
  /** Metrics that share alpha, this one among them. */
  among: number;
}

/** Samples an arm (or cases) from which a complete difference is a regression; undefined beyond 200. */
export function fewestThatCanFail(shape: Shape): number | undefined {
  for (let n = 1; n <= MOST; n++) if (canFail(n, shape)) return n;
  return undefined;
}

export function canFail(n: number, shape: Shape, m = n): boolean {
  const { metric, alpha, among } = shape;
  const plan = { alpha, onInconclusive: 'proceed' as const, metrics: new Array<MetricPlan>(among).fill(metric) };
  const isWorseHigher = metric.direction === 'lowerIsBetter';
  const [baseline, candidate] = [arm(n, !isWorseHigher, shape), arm(m, isWorseHigher, shape)];
  return judgeBatch(baseline, candidate, plan, () => 0.5).verdict.kind === 'fail';
}

function arm(n: number, isHigh: boolean, { metric, isRatio, isPassFail, isPaired }: Shape): Samples {
  const { name, direction, minEffect } = metric;
  // Within an arm apart by little, between the arms by much.
  const high = isRatio ? 1000 * (1 + minEffect) : 0.999;
  const low = isRatio ? 1 : 0;
  const value = (i: number) => (isPassFail ? Number(isHigh) : (isHigh ? high : low) + (i / n) * 1e-3);
  return {
    [name]: {
      direction,
      ...(isRatio ? { unit: 'ms' } : {}),
      values: Array.from({ length: n }, (_, i) => value(i)),
      ...(isPaired ? { caseIds: Array.from({ length: n }, (_, i) => `case ${i}`) } : {}),
    },
  };
}
