/** What live traffic says: one outcome of one arm, in the units of the analysis whatever the wire or the store called them. */
export type Arm = 'baseline' | 'candidate';

/** One answered request of one arm. The arm is that of the version which answered, never a guess from the weight. */
export interface LiveOutcome {
  arm: Arm;
  /** Well-mixed 32-bit hash of the unit. Absent where a gateway splits single requests: each outcome is its own unit. */
  unitHash?: number;
  /** The unit's arm by the weight of the current stage, where assignment is known. */
  expectedArm?: Arm;
  /** When the outcome was reported, epoch milliseconds; the request began `latencyMs` earlier. */
  atMs: number;
  /** Infinity stands for a time-out. */
  latencyMs?: number;
  /** Absent counts as answered without error. */
  error?: boolean;
  /** 0 to 1. */
  quality?: number;
  costUsd?: number;
  tokens?: number;
}
