/**
 * Asks for the limits that a user set on numbers of theirs, in the background, and tells what the last round of answers said. A look
 * never waits: it starts the next round, where none is under way. It decides nothing; what crosses a limit is for the caller.
 */
import { asSpillwayError } from '../../errors.ts';
import type { PrometheusClient } from './client.ts';
import { judgeThreshold, type Threshold, type ThresholdVerdict } from './threshold.ts';

export interface AskedThreshold extends Threshold {
  /** An instant query with one number as its answer. */
  query: string;
}

export interface ThresholdLook {
  /** All limits that were crossed in the last round. */
  unhealthy?: string;
  /** All that gave no number, or no answer: they neither pass nor fail. */
  unknown?: string;
}

export interface ThresholdWatch {
  /** @param nowMs on a monotonic clock: rounds begin at least a second apart */
  look(nowMs: number): ThresholdLook;
  /** The client goes with it. */
  close(): Promise<void>;
}

const EVERY_MS = 1_000;

export function thresholdWatch(client: PrometheusClient, thresholds: readonly AskedThreshold[]): ThresholdWatch {
  let last: ThresholdLook = thresholds.length === 0 ? {} : { unknown: 'the thresholds have not been asked for yet' };
  let beganAtMs = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | null = null;

  async function round(): Promise<void> {
    last = summed(await Promise.all(thresholds.map(threshold => asked(client, threshold))));
  }

  return {
    look(nowMs) {
      if (!underWay && thresholds.length > 0 && nowMs - beganAtMs >= EVERY_MS) {
        beganAtMs = nowMs;
        underWay = round().finally(() => {
          underWay = null;
        });
      }
      return last;
    },
    close: () => client.close(),
  };
}

/** A limit that cannot be kept to is as unknown as a number that cannot be had. Never throws. */
async function asked(client: PrometheusClient, threshold: AskedThreshold): Promise<ThresholdVerdict> {
  try {
    return judgeThreshold(threshold, { candidate: await client.instant(threshold.query) });
  } catch (error) {
    return { kind: 'unknown', reason: `${threshold.name}: ${asSpillwayError(error).message}` };
  }
}

function summed(verdicts: readonly ThresholdVerdict[]): ThresholdLook {
  const said = (kind: ThresholdVerdict['kind']) =>
    verdicts
      .filter(verdict => verdict.kind === kind)
      .map(({ reason }) => reason)
      .join('; ');
  const [unhealthy, unknown] = [said('breached'), said('unknown')];
  return { ...(unhealthy === '' ? {} : { unhealthy }), ...(unknown === '' ? {} : { unknown }) };
}
