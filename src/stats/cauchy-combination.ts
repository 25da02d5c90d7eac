export interface CombinedP {
  readonly t: number;
  readonly p: number;
  readonly log10P: number;
}

export declare function cauchyCombination(pValues: ArrayLike<number>, weights?: ArrayLike<number>): CombinedP;
