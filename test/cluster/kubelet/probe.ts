/**
 * Repeats a probe and turns its results into a state that changes only after as many equal results as the thresholds say.
 * Says nothing before the first threshold is met.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { perform, type Target } from './handler.ts';
import type { Probe } from './pod.ts';

/** Feeds on results; answers the state when a threshold is met, again with every further result of the same kind. */
export function makeThresholds({ successThreshold = 1, failureThreshold = 3 }: Probe) {
  let last: boolean | undefined;
  let run = 0;
  return (passed: boolean): boolean | undefined => {
    run = passed === last ? run + 1 : 1;
    last = passed;
    return run >= (passed ? successThreshold : failureThreshold) ? passed : undefined;
  };
}

/** Until the signal. `onState` may hear the same state many times. */
export async function keepProbing(
  probe: Probe,
  target: Target,
  onState: (passed: boolean, why: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { initialDelaySeconds = 0, periodSeconds = 10, timeoutSeconds = 1 } = probe;
  const decide = makeThresholds(probe);
  await pause(initialDelaySeconds, signal);
  while (!signal.aborted) {
    let why = '';
    const passed = await perform(probe, target, timeoutSeconds * 1_000).then(
      () => true,
      error => {
        why = String(error);
        return false;
      },
    );
    if (signal.aborted) return;
    const state = decide(passed);
    if (state !== undefined) onState(state, why);
    await pause(periodSeconds, signal);
  }
}

/** Ends early, without an error, at the signal. */
export async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  if (seconds > 0) await sleep(seconds * 1_000, undefined, { signal }).catch(() => undefined);
}
