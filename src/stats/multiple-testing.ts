/** Adjusted p-values in the order given. */
export declare function holm(pValues: ArrayLike<number>): number[];
export declare function benjaminiHochberg(pValues: ArrayLike<number>): number[];
export declare function bonferroni(pValues: ArrayLike<number>): number[];
