import type { Sample, Status } from './outcome.ts';

export declare function cohensD(x: Sample, y: Sample): { readonly status: Status; readonly d: number };
export declare function hedgesG(x: Sample, y: Sample): { readonly status: Status; readonly g: number };
/** δ = P(x > y) − P(x < y). */
export declare function cliffsDelta(
  x: Sample,
  y: Sample,
): { readonly status: Status; readonly delta: number; readonly a12: number };
