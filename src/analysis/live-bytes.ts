/** Parts of an evidence snapshot that more than one file writes: stages, effects, and the plan it belongs to. */
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import type { Effect } from './live-effect.ts';
import type { StageEntry } from './live-judge.ts';
import { type EvidencePlan, liveMetrics } from './live-plan.ts';

export function writeStage(writer: StateWriter, stage: StageEntry | null): void {
  writer.byte(stage ? 1 : 0);
  if (stage) writer.double(stage.index).double(stage.weight).double(stage.atMs);
}

export function readStage(reader: StateReader): StageEntry | null {
  if (reader.byte() === 0) return null;
  return { index: reader.double(), weight: reader.double(), atMs: reader.double() };
}

/** Numbers that may be missing go as NaN: a sketch of an effect never holds NaN itself. */
export function writeEffect(writer: StateWriter, effect: Effect): void {
  writer.byte(effect.kind === 'ratio' ? 0 : 1);
  for (const value of [effect.value, effect.low, effect.high]) writer.double(value ?? Number.NaN);
}

export function readEffect(reader: StateReader): Effect {
  const kind = reader.byte() === 0 ? 'ratio' : 'difference';
  const next = (): number | null => {
    const value = reader.double();
    return Number.isNaN(value) ? null : value;
  };
  return { kind, value: next(), low: next(), high: next() };
}

/** FNV-1a over what the evidence depends on: bytes of another plan are refused instead of misread. */
export function planFingerprint(plan: EvidencePlan): number {
  const text = JSON.stringify([plan.alpha, plan.errorRateMax, plan.counted ?? 'units', liveMetrics(plan).tracked]);
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
