/**
 * What an analysis says: `pass`, `fail` or `inconclusive`, always with the reason and the numbers behind it.
 * "Cannot tell" is a case of its own with a code, never a p-value of 1 and never a null. Plain JSON: it goes into the
 * store, the audit event and the API unchanged.
 */

export type InconclusiveCode =
  | 'notEnoughData'
  | 'sourceSilent'
  | 'evidenceGrowing'
  | 'routingMismatch'
  | 'invalidData'
  | 'degenerate';

export type Severity = 'none' | 'low' | 'medium' | 'high' | 'critical';

export interface MetricEvidence {
  name: string;
  n: { baseline: number; candidate: number };
  /** `ratio`: candidate / baseline, 1 is no change; `difference`: candidate − baseline, 0 is no change. Null when it cannot be told. */
  effect: { kind: 'ratio' | 'difference'; value: number | null; interval: [number | null, number | null] };
  severity: Severity;
  /** Live: the e-value, and the share of alpha it may spend; alarm when weight × e ≥ 1 / alpha. */
  e?: number;
  weight?: number;
  /** Batch: the p-value of the primary test, after Holm. */
  p?: number;
  /** Batch: every test's full numbers, by name. */
  tests?: Record<string, Record<string, number | string | null>>;
  /** One sentence for people. */
  why: string;
}

export interface VerdictBody {
  reason: string;
  metrics: MetricEvidence[];
  /** 0 to 1; for display only, decides nothing. */
  consensus?: { p: number; score: number };
  /** The smallest regression that this much data would have shown, by metric, for people: "latency +12 %". */
  detectable?: string;
}

export type Verdict =
  | ({ kind: 'pass' } & VerdictBody)
  | ({
      kind: 'fail' /** The metric that failed. */;
      metric: string;
      trigger: 'performance' | 'errorRate';
    } & VerdictBody)
  | ({ kind: 'inconclusive'; code: InconclusiveCode } & VerdictBody);
