/** How long a container that ended waits before it is started again: at once, then doubling. Pure. */

export interface BackOff {
  firstMs: number;
  maxMs: number;
  /** A container that ran this long begins anew. */
  forgetMs: number;
}

/** Kubernetes waits 10 s to 5 min; a test that waited so would wait for nothing that it wants to know. */
export const BACK_OFF: BackOff = { firstMs: 1_000, maxMs: 30_000, forgetMs: 60_000 };

/** @param failures ends in a row before this one, from 0 */
export function backOffMs(failures: number, { firstMs, maxMs }: BackOff = BACK_OFF): number {
  return failures === 0 ? 0 : Math.min(maxMs, firstMs * 2 ** (failures - 1));
}
