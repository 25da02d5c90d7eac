/**
 * What the controller acts on, as interfaces: tests and adapters put the real or a failing one in. Nothing here decides.
 */
import type { Samples } from '../analysis/sample.ts';
import type { Verdict } from '../analysis/verdict.ts';
import type { Clock } from '../clock.ts';
import type { Release, RollbackTrigger, TestSummary } from '../rollout/release.ts';
import type { CandidateFinding, PromotionFinding } from '../rollout/workload.ts';
import type { Store } from '../store/store.ts';
import type { TrafficRouter } from '../traffic/router.ts';
import type { TestProgress } from './face.ts';

/** Carries a rollback over a failing store: fsynced in a place that was allocated before it was needed. */
export interface RollbackJournal {
  append(record: RollbackNote): void;
  /** Rollbacks whose audit event is not known to be in the store. */
  pending(): RollbackNote[];
  settle(releaseId: string, epoch: number): void;
}

export interface RollbackNote {
  releaseId: string;
  artifact: string;
  epoch: number;
  /** RFC 3339. */
  at: string;
  trigger: RollbackTrigger;
  reason: string;
  actor: string;
}

export interface TestRun {
  summary: TestSummary;
  baseline: Samples;
  candidate: Samples;
}

/** Runs the suites of a release on both arms. Stops early, keeping what is done, when the signal aborts. */
export type RunTests = (
  release: Release,
  signal: AbortSignal,
  onProgress: (progress: Omit<TestProgress, 'releaseId'>) => void,
) => Promise<TestRun>;

/** Live evidence of one running release: of reported outcomes (evidence.ts), or of a metric source (interval-evidence.ts). */
export interface EvidenceFolder {
  /** Reads what has arrived since the last call and says what it shows. A silent source is a verdict, never an error. */
  judge(release: Release): Promise<Verdict>;
  /** The folded state and the offset it reaches; undefined when the store has it already. */
  snapshot(): { offset: number; bytes: Uint8Array } | undefined;
  /** More has arrived than one look may read: look again soon. */
  isBehind(): boolean;
  /** A snapshot up to this offset is in the store. */
  saved(offset: number): void;
  /** Ends what it does in the background and closes what it holds open. Nothing is judged after it. */
  close?(): void;
}

/**
 * What runs behind the routes of workloads. Each call changes the cluster towards what the release wants, says how far it is,
 * and waits for nothing: it comes again with the next pass. A cluster that does not answer is a finding, not an exception.
 */
export interface Workloads {
  /** In every exposed phase before the promotion: the candidate in the number that `release.weight` needs, named by the route. */
  prepare(release: Release): Promise<CandidateFinding>;
  /** While promoting: the user's own Deployment rolls to the version. */
  promote(release: Release): Promise<PromotionFinding>;
  /** After a rollback of a promotion: whether the Deployment runs the old version again; puts its template back first. */
  reverse(release: Release): Promise<PromotionFinding>;
}

export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export interface World {
  store: Store;
  router: TrafficRouter;
  journal: RollbackJournal;
  clock: Clock;
  log: Log;
  /** This process, as the owner of leases. */
  owner: string;
  /** Sorts by time of creation. */
  newId(prefix: string): string;
  runTests: RunTests;
  openEvidence(release: Release): Promise<EvidenceFolder>;
  /** Absent where no workload is released. */
  workloads?: Workloads;
}
