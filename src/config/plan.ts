/**
 * The plan: a Pipeline with every default filled in and every unit made plain (milliseconds, fractions), as the engine
 * reads it. Documents keep what people wrote; the plan is what is frozen into a release, so that a later edit of the
 * pipeline changes no running release. Made by `planOf` only; holds no policy.
 */

export type Direction = 'lowerIsBetter' | 'higherIsBetter';
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface MetricPlan {
  name: string;
  unit?: string;
  direction: Direction;
  /** Smallest change that matters, a fraction: 0.05 is 5 %. */
  minEffect: number;
  /** Share of alpha this metric may spend; normalised over the declared metrics by analysis. */
  weight?: number;
  /** A required metric must reach the stage's `minSamples`, or the verdict is inconclusive. */
  required: boolean;
}

export interface StagePlan {
  /** Integer percent, 0 to 100. */
  weight: number;
  holdMs: number;
  timeoutMs: number;
  minSamples: number;
  require: 'noHarm' | 'nonInferior';
  onInconclusive: 'hold' | 'rollback' | 'advance';
  onTimeout: 'rollback' | 'hold' | 'advance';
  /** A person must approve before the stage is left. */
  approval?: { timeoutMs: number; onTimeout: 'hold' | 'rollback' | 'advance' };
}

export interface TestPlan {
  suites: string[];
  workers: number;
  /** For one attempt at one case. */
  timeoutMs: number;
  suiteTimeoutMs: number;
  /** Fraction of the cases that must pass, 0 to 1. */
  passRate: number;
  repeat: number;
  retries: number;
}

export interface RegressionPlan {
  alpha: number;
  onInconclusive: 'proceed' | 'fail';
  metrics: MetricPlan[];
}

export type TargetPlan = { prompt: { file: string } } | { kubernetes: KubernetesPlan };

export interface RoutePlan {
  kind: 'HTTPRoute' | 'GRPCRoute';
  namespace: string;
  name: string;
  rule?: string;
}

export interface BackendPlan {
  group: string;
  kind: string;
  name: string;
  namespace?: string;
  port?: number;
}

export interface KubernetesPlan {
  namespace: string;
  /** The user's own Deployment; or both backends, which exist already, and what the one without traffic runs. */
  workload:
    | { managed: { deployment: string; service?: string } }
    | { external: { baseline: BackendPlan; candidate: BackendPlan; version: string } };
  routes: RoutePlan[];
  revertTemplate: boolean;
  promotionTimeoutMs: number;
  drainMs: number;
  probe?: ProbePlan;
}

export interface ProbePlan {
  url: string;
  host?: string;
  versionIn: { header: string } | { json: string };
  /** What each arm says; found out from its pods where absent. */
  baseline?: string;
  candidate?: string;
}

export interface QueriesPlan {
  requests: string;
  errors: string;
  histograms: { [metric: string]: string };
}

export interface PrometheusPlan {
  /** The server's own by default. */
  url?: string;
  queries:
    | { own: { baseline: QueriesPlan; candidate: QueriesPlan } }
    | { template: string; labels?: { baseline: Labels; candidate: Labels } };
  silentAfterMs: number;
  thresholds: { name: string; query: string; max?: number; min?: number }[];
}

type Labels = { [label: string]: string };

export interface HealthCheckPlan {
  /** `{pod}` stands for the address of a pod. */
  url: string;
  intervalMs: number;
  timeoutMs: number;
  failures: number;
}

export interface Plan {
  name: string;
  target: TargetPlan;
  test: TestPlan;
  /** Absent: apps report outcomes themselves. */
  metrics?: { prometheus: PrometheusPlan };
  regression: RegressionPlan;
  rollout: {
    stages: StagePlan[];
    bakeMs: number;
    /** Percent kept on the baseline during the bake; 0 when all traffic moves. */
    holdbackWeight: number;
  };
  rollback: {
    slaMs: number;
    healthCheck?: HealthCheckPlan;
    triggers: {
      performance: boolean /** Fraction, or null when not limited. */;
      errorRateMax: number | null;
      timeout: boolean;
    };
  };
}

export interface Message {
  role: string;
  content: string;
}

/** What a version of a prompt is: `messages` or `template`, never both. Its digest names the version. */
export interface PromptSpec {
  messages?: Message[];
  template?: string;
  model?: string;
  parameters?: { [key: string]: Json };
}

export type GraderType =
  | 'equals'
  | 'contains'
  | 'icontains'
  | 'contains-all'
  | 'contains-any'
  | 'icontains-all'
  | 'icontains-any'
  | 'regex'
  | 'starts-with';

export interface GraderPlan {
  type: GraderType;
  value: Json;
  /** True for the negated form. */
  not: boolean;
  /** Weight 0 is measured and shown, and never fails the case. */
  weight: number;
  metric?: string;
}

export interface CasePlan {
  /** Unique in its suite: the case's name, or `case-<n>` from 1. */
  id: string;
  name: string;
  vars: { [key: string]: Json };
  /** Score from which the case passes; without it every weighted grader must pass. */
  threshold?: number;
  graders: GraderPlan[];
}

export interface ProviderPlan {
  /** `openai:chat:<model>` or `echo`. */
  id: string;
  label?: string;
  config: { [key: string]: Json };
}

/** A native Suite or a promptfoo config, read into one shape. */
export interface SuitePlan {
  name: string;
  file: string;
  provider: ProviderPlan;
  cases: CasePlan[];
  /** Prompts that stand in the file itself: used by `spillway test FILE` alone; in a release the artifact takes their place. */
  prompts: PromptSpec[];
}
