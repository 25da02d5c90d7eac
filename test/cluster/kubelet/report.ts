/**
 * Reports a pod's status: at most one report on its way, always the newest, tried again while the apiserver is away. What
 * was overtaken meanwhile is never sent.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const AGAIN_MS = 300;

export interface Reporter<T> {
  report(value: T): void;
  /** Resolves when the newest has arrived, or is not wanted any more. */
  settled(): Promise<void>;
}

/** @param send answers false when the receiver wants nothing any more; throws to be called again */
export function makeReporter<T>(send: (value: T) => Promise<boolean>): Reporter<T> {
  let newest: { value: T } | undefined;
  let sending: Promise<void> | undefined;
  let isUnwanted = false;

  async function sendAll(): Promise<void> {
    while (newest && !isUnwanted) {
      const { value } = newest;
      const taken = newest;
      try {
        isUnwanted = !(await send(value));
        if (newest === taken) newest = undefined;
      } catch {
        await sleep(AGAIN_MS);
      }
    }
    sending = undefined;
  }

  return {
    report(value) {
      newest = { value };
      sending ??= sendAll();
    },
    settled: async () => sending,
  };
}
