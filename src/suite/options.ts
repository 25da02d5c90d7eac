/** What a run of a suite is given. Everything impure (time, chance, the endpoint) comes in here. Shapes only. */
import type { Clock } from '../clock.ts';
import type { PromptSpec, SuitePlan } from '../config/plan.ts';
import type { Provider } from './call.ts';

export interface Arm {
  /** `baseline` or `candidate` in a release. */
  name: string;
  version?: string;
  prompt: PromptSpec;
}

export interface SuiteProgress {
  /** Results so far, of all arms and repeats. */
  done: number;
  total: number;
  passed: number;
  failed: number;
  errors: number;
}

export interface SuiteOptions {
  suite: SuitePlan;
  /** One or two; left out, the suite's own prompts run, each as an arm `prompt-<n>`. */
  arms?: readonly Arm[];
  provider: Provider;
  clock: Clock;
  /** Uniform in [0, 1): the order within a pair and the jitter of retries. */
  random: () => number;
  /** Calls at a time, 1 to 1,000; 8 by default. */
  workers?: number;
  /** For one attempt; 30 s by default. A time-out is not tried again. */
  timeoutMs?: number;
  /** For the whole run; 10 min by default. What is not done by then was not run. */
  suiteTimeoutMs?: number;
  /** Times each case runs in each arm; 1 by default. */
  repeat?: number;
  /** Further attempts after the first; 3 by default. */
  retries?: number;
  /** Aborting keeps what is done; the rest was not run. */
  signal?: AbortSignal;
  /** After every result. Must not throw. */
  onProgress?: (progress: SuiteProgress) => void;
}
