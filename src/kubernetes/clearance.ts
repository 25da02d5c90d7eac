/** Whether a candidate may go: the route gives it nothing any more, and the requests it had are answered. Pure. */

export interface Clearance {
  /** Weight 0 in every route, and every parent has seen that generation; or there is no such route any more. */
  isClear: boolean;
  /** Since when, monotonic; after a restart, since it was first seen. Absent where no request can be under way. */
  sinceMs?: number;
  /** Which route gives it what; one sentence for people. */
  why: string;
}

/** Milliseconds until the drain is over, 0 when it is; undefined while the route is not clear. */
export function drainLeftMs({ isClear, sinceMs }: Clearance, drainMs: number, nowMs: number): number | undefined {
  if (!isClear) return undefined;
  return sinceMs === undefined ? 0 : Math.max(0, drainMs - (nowMs - sinceMs));
}
