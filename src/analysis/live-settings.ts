/**
 * How the live tests spend their evidence: fixed before the first outcome, the same for every release, chosen by measurement
 * (docs/adr/0009). Nothing here can raise the false-alarm rate of independent outcomes; it moves power and robustness about.
 */

export interface LiveSettings {
  /** Of the evidence on times, cost and tokens: ranks see a shift of everything, quantiles what only some requests suffer. */
  readonly rankShare: number;
  /** Their shares and that of the ranks sum to 1. */
  readonly quantiles: readonly { readonly p: number; readonly share: number }[];
  /** Capital that waits for copies of each test which begin with later stages, in [0, 1): half of the rest each time. */
  readonly atRest: number;
  /** Evidence is tempered by the dispersion of slices of this many candidate values; null: as if values were independent. */
  readonly temperingSlice: number | null;
  /** Whether the larger margins of severity are tested too. The alarm is the same without them, and costs a third. */
  readonly withSeverity: boolean;
}

/** Of units that count once: what made them alike is gone. */
export const UNIT_SETTINGS: LiveSettings = {
  rankShare: 0.6,
  quantiles: [
    { p: 0.95, share: 0.2 },
    { p: 0.99, share: 0.2 },
  ],
  atRest: 0.3,
  temperingSlice: null,
  withSeverity: true,
};

/** Of single requests, which share users, pods and caches. */
export const REQUEST_SETTINGS: LiveSettings = { ...UNIT_SETTINGS, temperingSlice: 100 };
