/**
 * What is to be done next about one pipeline of a workload, as a table: stops first, then what was changed by hand, then what
 * is left over, then something new. Pure, and level-triggered: the same view gives the same step until the cluster or the
 * store has moved. What a release does once it is there is the engine's to decide, not decided here.
 */
import type { Phase } from '../rollout/release.ts';

/** How a changed template is held: by a policy of the API server, or because the Deployment stays paused between releases. */
export type Gate = 'policy' | 'paused';

export interface View {
  isDeleting: boolean;
  /** What is wrong with the document or with the objects that it names, in sentences. */
  problems: readonly string[];
  gate: Gate;
  /** The user's own workload; undefined when it is not there. */
  workload: WorkloadView | undefined;
  /** The version that serves, by the store; null before it was ever seen. */
  baseline: string | null;
  active: { version: string; phase: Phase } | undefined;
  /** The newest release that has ended; `isTakenBack`: the workload had the serving version's template since. */
  last: { id: string; version: string; phase: Phase; isHeldBack: boolean; isTakenBack: boolean } | undefined;
  /** The release that holds the workload's version back: it was rolled back. */
  heldBy: string | null;
  /** A candidate, or something of one, is still there. */
  hasLeftovers: boolean;
}

export interface WorkloadView {
  version: string;
  isPaused: boolean;
  /** Held by the policy, which says so in an annotation. */
  isHeld: boolean;
  /** All of it runs `version`. */
  isRolledOut: boolean;
  /** The baseline's template may be put back: allowed by the document, and nobody's Git would fight it. */
  mayRevert: boolean;
  /** Why a person let a held template loose. */
  breakGlass?: string;
}

export type Step =
  | { do: 'nothing'; why: string }
  /** The version that serves is taken as the baseline. */
  | { do: 'adopt'; why: string }
  | { do: 'release'; why: string }
  /** Ends the active release, traffic first. */
  | { do: 'end'; command: 'rollback' | 'cancel'; why: string }
  /** A version that ended otherwise than well is not tried again by itself. */
  | { do: 'holdBack'; by: string; why: string }
  /** It may be tried again: its author has taken it back meanwhile. */
  | { do: 'forgive'; version: string; why: string }
  /** Takes away what a release has left, and lets the workload go or puts its template back. */
  | { do: 'sweep'; why: string }
  /** Pauses the workload between releases, where no policy does it in the write itself. */
  | { do: 'pause'; why: string }
  | { do: 'letDelete'; why: string };

const GIVEN_UP: readonly Phase[] = ['failed', 'cancelled'];

export function nextStep(view: View): Step {
  if (view.isDeleting) return deletion(view);
  if (view.active) return besideActive(view, view.active);
  // Whatever is wrong now: what a release has left has been there before, and goes.
  if (view.hasLeftovers) return { do: 'sweep', why: 'a candidate is left' };
  if (view.problems.length > 0) return { do: 'nothing', why: view.problems[0]! };
  if (!view.workload) return { do: 'nothing', why: 'the workload is not there' };
  return atRest(view, view.workload);
}

/** Whatever stands in the way of it, a deletion never waits for something that only this pipeline could bring. */
function deletion({ active, hasLeftovers, workload, gate }: View): Step {
  const why = 'the pipeline is being deleted';
  if (active && active.phase !== 'rollingBack')
    return { do: 'end', command: active.phase === 'promoting' ? 'rollback' : 'cancel', why };
  if (active) return { do: 'nothing', why: 'traffic is being brought back' };
  const isKeptPaused = gate === 'paused' && workload?.isPaused;
  if (hasLeftovers || workload?.isHeld || isKeptPaused) return { do: 'sweep', why };
  return { do: 'letDelete', why };
}

function besideActive(view: View, active: NonNullable<View['active']>): Step {
  const { workload, baseline } = view;
  const nothing = (why: string): Step => ({ do: 'nothing', why });
  if (active.phase === 'rollingBack') return nothing('traffic is being brought back');
  if (!workload) return nothing('the workload is not there; the release goes on with what it has');
  const { version, isPaused } = workload;
  if (active.phase === 'promoting') {
    if (version === active.version) return nothing('the workload takes the version over');
    if (version === baseline)
      return { do: 'end', command: 'rollback', why: 'the workload was set back to the version that served' };
    return nothing('a newer template waits for the end of the promotion');
  }
  if (!isPaused && version !== baseline) return { do: 'end', command: 'cancel', why: loose(workload) };
  if (version === active.version) return nothing('it is being released');
  if (version === baseline)
    return { do: 'end', command: 'cancel', why: 'the workload was set back to the version that serves' };
  if (view.problems.length > 0) return nothing(view.problems[0]!);
  if (view.heldBy !== null) return nothing(`version ${short(version)} was rolled back by ${view.heldBy}`);
  return { do: 'release', why: 'a newer template arrived' };
}

function atRest(view: View, workload: WorkloadView): Step {
  const { baseline, gate, last } = view;
  const { version, isPaused, isHeld, isRolledOut } = workload;
  if (baseline === null) {
    if (isRolledOut || isHeld) return { do: 'adopt', why: 'it serves' };
    return { do: 'nothing', why: 'the workload is still rolling out; then it becomes the baseline' };
  }
  if (version !== baseline) return changed(view, workload, baseline);
  if (last?.isHeldBack && GIVEN_UP.includes(last.phase))
    return { do: 'forgive', version: last.version, why: `its author has taken ${short(last.version)} back` };
  if (gate === 'policy' && isHeld) return { do: 'sweep', why: 'the template is that of the version that serves' };
  if (gate === 'paused' && !isPaused && isRolledOut)
    return { do: 'pause', why: 'no policy holds a changed template in this cluster, so the Deployment stays paused' };
  return { do: 'nothing', why: 'it serves' };
}

function changed({ heldBy, last }: View, workload: WorkloadView, baseline: string): Step {
  const { version, isPaused, isRolledOut, mayRevert } = workload;
  if (!isPaused) {
    if (isRolledOut) return { do: 'adopt', why: loose(workload) };
    return { do: 'nothing', why: `${loose(workload)}; it becomes the baseline when it is rolled out` };
  }
  if (heldBy !== null) {
    const why = `version ${short(version)} was taken back by ${heldBy}`;
    if (mayRevert) return { do: 'sweep', why: `${why}; the template of ${short(baseline)} is put back` };
    return { do: 'nothing', why: `${why}, and its template stays held` };
  }
  // Applied again after it was taken back, it is meant.
  if (last?.version === version && GIVEN_UP.includes(last.phase) && !last.isTakenBack)
    return { do: 'holdBack', by: last.id, why: `release ${last.id} of it was ${last.phase}` };
  return { do: 'release', why: 'a new template arrived' };
}

function loose({ breakGlass }: WorkloadView): string {
  return breakGlass === undefined
    ? 'the template changed and was not held: it rolls out by itself'
    : `the held template was let loose: ${breakGlass}`;
}

/** Enough of a digest to tell versions apart, as people are shown it. */
export function short(version: string): string {
  return version.replace(/^sha256:/, '').slice(0, 12);
}
