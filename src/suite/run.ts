/** What the workers of one run share. Made by the runner, used by the attempts; nothing outlives the run. */
import type { Clock } from '../clock.ts';
import type { CasePlan, PromptSpec } from '../config/plan.ts';
import type { Provider } from './call.ts';
import type { Deadlines } from './deadlines.ts';
import type { Gate } from './gate.ts';
import type { PatternMatcher } from './graders/regex.ts';
import type { Stop } from './stop.ts';

export interface Run {
  clock: Clock;
  random: () => number;
  provider: Provider;
  matcher: PatternMatcher;
  deadlines: Deadlines;
  gate: Gate;
  stop: Stop;
  timeoutMs: number;
  retries: number;
  suiteTimeoutMs: number;
  /** Monotonic time at which the suite's time is over. */
  endMs: number;
  /** Answers of the endpoint to any case. */
  answers: number;
}

export interface ArmState {
  name: string;
  prompt: PromptSpec;
  answers: number;
  /** Cases that ended on a failure that every other case would meet as well. */
  hopeless: number;
}

export interface Unit {
  plan: CasePlan;
  arm: ArmState;
  /** From 1. */
  repeat: number;
}
