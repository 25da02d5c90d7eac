/** What to do next with a release, and why: what decide() and decideCommand() say, and evolve() carries out. Shapes only. */
import type { Hold, RollbackTrigger } from './release.ts';

export type Decision =
  /** `approvedBy`: a person lets the stage be left when it passes. */
  | { kind: 'hold'; why: string; hold?: Hold['reason']; approvedBy?: string }
  /** To the next phase or stage; `toLastStage` skips the stages between. `override`: a person stood in for the verdict. */
  | { kind: 'advance'; why: string; override?: boolean; toLastStage?: boolean }
  | { kind: 'promote'; why: string; override?: boolean }
  /** The baseline gets the candidate's share until its pods are ready again, and then the candidate gets it back. */
  | { kind: 'withdraw' | 'readmit'; why: string }
  | { kind: 'rollback'; why: string; trigger: RollbackTrigger }
  | { kind: 'fail'; why: string }
  | { kind: 'supersede'; why: string; by: string }
  | { kind: 'cancel'; why: string };
