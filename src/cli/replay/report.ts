/** A finished replay as a document for programs and as text for people. Pure; decides nothing. */
import { figure, percent } from '../../analysis/phrases.ts';
import type { MetricEvidence } from '../../analysis/verdict.ts';
import { duration } from '../release-view.ts';
import type { Terminal } from '../terminal.ts';
import { evidenceLines } from './picture.ts';
import type { Replayed } from './replay.ts';
import type { Settings } from './settings.ts';
import type { ShuffleReport } from './shuffle.ts';

type Paint = Terminal['paint'];
const BARS_WIDE = 60;

export function replayDocument(replayed: Replayed, { plan }: Settings): object {
  const { file, samples, fromMs, toMs, split, decision, verdict, points, shuffled } = replayed;
  return {
    schema: 'spillway.replay/v1',
    file,
    samples,
    from: time(fromMs),
    to: time(toMs),
    alpha: plan.alpha,
    split: {
      measured: split.isMeasured,
      steps: split.steps.map(step => ({ weight: step.weight, from: time(fromMs + step.fromMs) })),
    },
    decision: decision && {
      at: time(decision.atMs),
      afterMs: decision.atMs - fromMs,
      sample: decision.sample,
      candidateSamples: decision.candidateSamples,
      metric: decision.verdict.metric,
      trigger: decision.verdict.trigger,
    },
    verdict,
    evidence: {
      metrics: tracked(replayed).map(({ name, weight = 1 }) => ({ name, alarmAt: 1 / (plan.alpha * weight) })),
      points: points.map(({ samples, atMs, e }) => ({
        samples,
        at: time(atMs),
        e: e.slice(0, tracked(replayed).length),
      })),
    },
    shuffled,
    notes: notesOf(replayed),
  };
}

export function replayText(replayed: Replayed, settings: Settings, paint: Paint): string {
  const { decision, verdict, samples, fromMs, toMs, shuffled } = replayed;
  const total = samples.baseline + samples.candidate;
  const lines: string[] = [];
  if (decision) {
    const after = duration(decision.atMs - fromMs);
    const what = settings.actsOnAlarm || decision.verdict.trigger === 'errorRate' ? 'rolled back' : 'alarm';
    lines.push(
      `${paint.red(what)}  ${time(decision.atMs)}, ${after} after the first sample`,
      `  ${decision.verdict.reason}`,
      `  ${count(decision.candidateSamples)} samples of the candidate until then, ${count(decision.sample)} of both arms`,
    );
  } else {
    lines.push(
      `${paint.green('no alarm')}  ${count(total)} samples, ${count(samples.candidate)} of the candidate, in ${duration(toMs - fromMs)}`,
      `  ${verdict.kind === 'inconclusive' ? `${verdict.kind} (${verdict.code})` : verdict.kind}: ${verdict.reason}`,
    );
  }
  lines.push('', ...pictureOf(replayed, settings));
  if (shuffled) lines.push('', ...shuffleLines(shuffled, settings.plan.alpha));
  for (const note of notesOf(replayed)) lines.push('', paint.dim(note));
  return lines.join('\n');
}

function pictureOf(replayed: Replayed, { plan }: Settings): string[] {
  const { points, split, fromMs, decision, toMs } = replayed;
  const metrics = tracked(replayed);
  const tracks = metrics.map(({ name, weight = 1 }) => ({ name, alarmAt: 1 / (plan.alpha * weight) }));
  const rows = evidenceLines(points, tracks, BARS_WIDE);
  const steps = split.steps.map(({ weight, fromMs: from }) =>
    from === 0 ? `${weight} %` : `${weight} % from ${duration(from)}`,
  );
  return [
    `evidence of harm, ${time(fromMs)} to ${time(decision?.atMs ?? toMs)}, candidate ${steps.join(', ')}`,
    ...rows.map((row, i) => `  ${row}  e = ${figure(metrics[i]!.e ?? 1)}, alarm at ${figure(tracks[i]!.alarmAt)}`),
    '  ▁ none, █ the alarm; heights are logarithmic',
  ];
}

function shuffleLines({ runs, alarms, rate, interval, seed, by }: ShuffleReport, alpha: number): string[] {
  const range = `[${percent(interval[0])}, ${percent(interval[1])}]`;
  const which = Object.entries(by).map(([name, n]) => `${name} ${n}`);
  const lines = [
    `shuffled labels  ${alarms} of ${runs} false alarms: ${percent(rate)} ${range} where alpha is ${percent(alpha)} (seed ${seed})`,
  ];
  if (which.length > 0) lines.push(`  raised first by: ${which.join(', ')}`);
  return lines;
}

/** Metrics that live samples carry, in the order of the e-values. */
function tracked({ verdict }: Replayed): MetricEvidence[] {
  return verdict.metrics.filter(({ e }) => e !== undefined);
}

function notesOf({ file, split, samples, ignored, unread, verdict }: Replayed): string[] {
  const notes: string[] = [];
  const [first] = split.steps;
  if (split.isMeasured && first)
    notes.push(
      `The split was measured at the head of the file: ${first.weight} %. Where it changed later, say so: --weight 10 --weight 50@30m.`,
    );
  const share = (100 * samples.candidate) / (samples.candidate + samples.baseline);
  if (split.isMeasured && first && (share > 2 * first.weight + 1 || share < first.weight / 2 - 1))
    notes.push(`Over all that was read ${figure(share)} % of the samples were the candidate's: the split has changed.`);
  if (unread.length > 0) notes.push(`Recorded, but in no metric of the pipeline: ${unread.join(', ')}.`);
  if (ignored.length > 0) notes.push(`Not read in ${file}: ${ignored.slice(0, 10).join(', ')}.`);
  const missing = verdict.metrics.filter(({ e }) => e === undefined);
  for (const { why } of missing) notes.push(why);
  return notes;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

function count(n: number): string {
  return n.toLocaleString('en');
}
