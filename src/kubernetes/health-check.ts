/**
 * HTTP checks of both arms, beside the passes: a look starts what is due and says what the last answers were, and waits for
 * none. Several failures in a row of one pod of the candidate make it unhealthy; when the baseline fails too, the fault is
 * not the candidate's, and a rollback would help nobody: then there is only an alarm.
 */
import { request } from 'undici';
import type { Clock } from '../clock.ts';
import type { HealthCheckPlan } from '../config/plan.ts';

/** Addresses of ready pods. */
export interface ArmPods {
  baseline: readonly string[];
  candidate: readonly string[];
}

/** Both absent: all is well, or nothing was asked yet. */
export interface HealthFinding {
  unhealthy?: string;
  /** For people; nothing follows from it. */
  alarm?: string;
}

export interface HealthChecks {
  look(releaseId: string, plan: HealthCheckPlan, pods: ArmPods): HealthFinding;
  /** After the end of a release. */
  forget(releaseId: string): void;
}

/** What is wrong with the answer; undefined for 2xx. Never throws, and ends in time. */
export type Check = (url: string, timeoutMs: number) => Promise<string | undefined>;

interface State {
  /** Monotonic, of the last round. */
  startedMs: number | undefined;
  isRunning: boolean;
  /** By address: failures in a row, and the last of them. */
  failures: Map<string, { count: number; why: string }>;
}

const POD = '{pod}';
/** More pods than these say nothing more. */
const CANDIDATE_PODS_MAX = 10;
const BASELINE_PODS_MAX = 3;

export function healthChecks({ clock, check = httpCheck }: { clock: Clock; check?: Check }): HealthChecks {
  const states = new Map<string, State>();

  async function round(state: State, plan: HealthCheckPlan, addresses: readonly string[]): Promise<void> {
    state.isRunning = true;
    state.startedMs = clock.monotonicMs();
    await Promise.all(
      addresses.map(async address => {
        const why = await check(urlOf(plan, address), plan.timeoutMs).catch(String);
        const { count = 0 } = state.failures.get(address) ?? {};
        if (why === undefined) state.failures.delete(address);
        else state.failures.set(address, { count: count + 1, why });
      }),
    );
    state.isRunning = false;
  }

  return {
    look(releaseId, plan, pods) {
      const state: State = states.get(releaseId) ?? { startedMs: undefined, isRunning: false, failures: new Map() };
      states.set(releaseId, state);
      const asked = askedOf(plan, pods, state);
      const all = [...asked.baseline, ...asked.candidate];
      for (const address of state.failures.keys()) if (!all.includes(address)) state.failures.delete(address);
      const isDue = state.startedMs === undefined || clock.monotonicMs() - state.startedMs >= plan.intervalMs;
      if (isDue && !state.isRunning && asked.candidate.length > 0) void round(state, plan, all);
      return findingOf(plan, asked, state);
    },
    forget: releaseId => void states.delete(releaseId),
  };
}

/** Those that have failed come first, so that a pod is asked often enough in a row. Without `{pod}` there is one address. */
function askedOf({ url }: HealthCheckPlan, { baseline, candidate }: ArmPods, { failures }: State): ArmPods {
  if (!url.includes(POD)) return { baseline: [], candidate: candidate.length > 0 ? [''] : [] };
  const first = (addresses: readonly string[], max: number) =>
    [...addresses].sort((a, b) => Number(failures.has(b)) - Number(failures.has(a)) || (a < b ? -1 : 1)).slice(0, max);
  return { baseline: first(baseline, BASELINE_PODS_MAX), candidate: first(candidate, CANDIDATE_PODS_MAX) };
}

function findingOf(plan: HealthCheckPlan, { baseline, candidate }: ArmPods, { failures }: State): HealthFinding {
  const bad = candidate.find(address => (failures.get(address)?.count ?? 0) >= plan.failures);
  if (bad === undefined) return {};
  const { count, why } = failures.get(bad)!;
  const what = `health check ${urlOf(plan, bad)} of the candidate failed ${count} times in a row: ${why}`;
  const isBoth = baseline.length > 0 && baseline.every(address => failures.has(address));
  if (!isBoth) return { unhealthy: what };
  return { alarm: `${what}; the baseline fails too (${failures.get(baseline[0]!)!.why}), so nothing is rolled back` };
}

function urlOf({ url }: HealthCheckPlan, address: string): string {
  return url.replaceAll(POD, address.includes(':') ? `[${address}]` : address);
}

/** One GET; what the body says is nobody's business. */
export const httpCheck: Check = async (url, timeoutMs) => {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const { statusCode, body } = await request(url, { signal });
    await body.dump({ limit: 65_536, signal });
    return statusCode >= 200 && statusCode < 300 ? undefined : `it answers ${statusCode}`;
  } catch (error) {
    const { name, code, message } = error as { name: string; code?: string; message: string };
    return name === 'TimeoutError' ? `no answer within ${timeoutMs} ms` : (code ?? message);
  }
};
