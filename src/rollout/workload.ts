/**
 * What a pass finds out of the workload behind a route: how far it is with what the release wants, and whether the candidate
 * is fit to live. Shapes only; absent for prompts, which need nothing to run.
 */

/** Of the candidate, in every exposed phase before the promotion. */
export interface CandidateFinding {
  /** It runs in the number that the wanted weight needs, and the route names it: traffic may rise to that weight. */
  isReady: boolean;
  /** What is waited for, or that all is well; one sentence for people. */
  why: string;
  /** Why it must be taken back at once: it crashes, cannot be pulled, fails its checks. Never set for the mere lack of time. */
  unhealthy?: string;
  /** None of its pods is ready: whatever it is sent is lost. Never together with `isReady`. */
  isDown?: boolean;
}

/** Of the user's own workload while it takes the new version over. */
export interface PromotionFinding {
  /** All of it runs the new version, and has done so for long enough to be given traffic. */
  isReady: boolean;
  why: string;
}
