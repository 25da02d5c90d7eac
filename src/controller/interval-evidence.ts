/**
 * Folds what a metric source counts of one release, interval by interval, into its evidence. The snapshot holds the position of the
 * source too, so that after a crash the time since is counted once, as one interval. When a stage is left, the interval that
 * began before is left out: it holds requests of two splits, and rather some are lost than counted for a stage that was not theirs.
 */
import { decodeIntervalEvidence, type IntervalEvidence, openIntervalEvidence } from '../analysis/live-intervals.ts';
import type { Verdict } from '../analysis/verdict.ts';
import { toTimestamp } from '../clock.ts';
import type { Gap, MetricSource } from '../metrics/metric-source.ts';
import { type Release, stagePlanOf } from '../rollout/release.ts';
import { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { type Arrived, backgroundPolls, type Silence } from './background-polls.ts';
import { evidencePlanOf, restoredOr, stageEntryOf } from './stage-evidence.ts';
import type { EvidenceFolder, World } from './world.ts';

export interface IntervalWorld extends Pick<World, 'store' | 'clock' | 'log'> {
  /**
   * A source of its own for each call, closed by the folder.
   * @param position where an earlier source of this release stood
   * @throws SpillwayError why there is none; the release is then held with that reason
   */
  sourceFor(release: Release, position?: Uint8Array): MetricSource;
  /** Something has arrived for this artifact: a pass soon. */
  wake(artifact: string): void;
}

interface Stand {
  evidence: IntervalEvidence;
  position?: () => Uint8Array;
}

const TAG = 0x86;

export async function intervalFolder(release: Release, world: IntervalWorld): Promise<EvidenceFolder> {
  const { clock, log } = world;
  const { evidence: stand, offset: restoredOffset } = await restoredStand(release, world);
  const { evidence } = stand;
  const source = world.sourceFor(release, stand.position?.());
  const polls = backgroundPolls(source, clock, () => world.wake(release.artifact));
  /** Intervals taken, over the whole release. */
  let offset = restoredOffset;
  let savedOffset = offset;
  // On the monotonic clock: silence is when nothing arrives, whatever the wall clock of Prometheus and of this host say.
  let arrivedAtMs = clock.monotonicMs();
  let gaps: readonly Gap[] = [];
  let beganBefore = false;
  let wasSilent = false;

  /** Once for each silence, not with every look. */
  function tell(verdict: Verdict): void {
    const isSilent = verdict.kind === 'inconclusive' && verdict.code === 'sourceSilent';
    if (isSilent === wasSilent) return;
    wasSilent = isSilent;
    const { id, artifact } = release;
    if (isSilent) log.warn({ release: id, artifact }, `the source of metrics is silent: ${verdict.reason}`);
    else log.info({ release: id, artifact }, 'the source of metrics counts again');
  }

  function fold(arrived: Arrived): void {
    offset += 1;
    stand.position = arrived.position;
    gaps = arrived.gaps;
    const { baseline, candidate } = arrived.interval.requests;
    if (baseline.count + candidate.count > 0) arrivedAtMs = clock.monotonicMs();
    if (!beganBefore) evidence.add(arrived.interval);
    beganBefore = false;
  }

  return {
    async judge(current) {
      // Before the stage is entered: what has arrived by now was counted in the one that is left.
      for (const arrived of polls.take()) fold(arrived);
      if (evidence.enterStage(stageEntryOf(current))) {
        beganBefore = true;
        arrivedAtMs = clock.monotonicMs();
      }
      const { minSamples, require } = stagePlanOf(current);
      const nowMs = clock.nowMs();
      const lastArrivalMs = nowMs - (clock.monotonicMs() - arrivedAtMs);
      const found = evidence.judge({ minSamples, require, nowMs, lastArrivalMs, ...silentAfter(current) });
      const verdict = withSource(found, polls.silence(), gaps);
      tell(verdict);
      return verdict;
    },
    isBehind: () => false,
    snapshot: () => (offset === savedOffset ? undefined : { offset, bytes: encode(stand) }),
    saved(upto) {
      savedOffset = upto;
    },
    close: () => polls.close(),
  };
}

function silentAfter({ plan }: Release): { silentAfterMs?: number } {
  return plan.metrics ? { silentAfterMs: plan.metrics.prometheus.silentAfterMs } : {};
}

/**
 * A source that fails lets nothing pass from its first failure on, and one that has been silent for too long says why, both in its own
 * words. What was found before stays: a candidate that failed has failed.
 */
function withSource(verdict: Verdict, silence: Silence | undefined, gaps: readonly Gap[]): Verdict {
  if (verdict.kind === 'fail') return verdict;
  const isSilent = verdict.kind === 'inconclusive' && verdict.code === 'sourceSilent';
  if (silence && (isSilent || silence.code !== undefined)) {
    const { metrics, consensus } = verdict;
    const reason = `${silence.silent} (since ${toTimestamp(silence.sinceMs)})`;
    const body = { reason, metrics, ...(consensus ? { consensus } : {}) };
    return { ...body, kind: 'inconclusive', code: 'sourceSilent' };
  }
  return verdict.kind === 'inconclusive' && gaps.length > 0 ? { ...verdict, reason: withGaps(verdict, gaps) } : verdict;
}

/** Why something is too little may stand in the queries. */
function withGaps({ reason }: Verdict, gaps: readonly Gap[]): string {
  return `${reason} (${gaps.map(gap => `${gap.metric}: ${gap.reason}`).join('; ')})`;
}

function restoredStand(release: Release, world: IntervalWorld): Promise<{ evidence: Stand; offset: number }> {
  const plan = evidencePlanOf(release);
  return restoredOr<Stand>(release, world, {
    open: () => ({ evidence: openIntervalEvidence(plan) }),
    decode(bytes) {
      const reader = new StateReader(bytes, TAG);
      const [evidence, position] = [decodeIntervalEvidence(plan, reader.nested()), reader.nested().slice()];
      reader.end();
      return { evidence, position: () => position };
    },
  });
}

function encode({ evidence, position }: Stand): Uint8Array {
  return new StateWriter(TAG)
    .nested(evidence.encode())
    .nested(position?.() ?? new Uint8Array())
    .bytes();
}
