/**
 * What a person asks of a release by an annotation of its Pipeline, as `kubectl annotate pipeline web spillway.dev/command=promote`
 * or `spillway promote --kube` writes it. Pure: who may ask is the API server's to say, what comes of it the engine's.
 */
import type { Command } from '../rollout/command.ts';
import { isActive, type Release, stageNumberOf } from '../rollout/release.ts';
import { ACTOR, COMMAND, REASON } from './gate-policy.ts';
import { type PipelineResource, STAGE } from './resources.ts';

export interface Asked {
  /** As it was written. */
  text: string;
  reason: string | undefined;
  /** Counted from 0; what the person saw, where that is told. */
  fromStage?: number;
  actor: string;
}

export type Deed = { command: Command } | { retry: true } | { done: Release } | { refused: string };

export const WORDS = [
  'promote',
  'promote --full',
  'pause',
  'resume',
  'approve',
  'rollback',
  'cancel',
  'retry',
] as const;

/** Undefined when nothing is asked. */
export function askedOf({ metadata: { annotations = {} } }: Pick<PipelineResource, 'metadata'>): Asked | undefined {
  const text = annotations[COMMAND]?.trim();
  if (!text) return undefined;
  const seen = /^(\d+)\//.exec(annotations[STAGE] ?? '')?.[1];
  return {
    text,
    reason: annotations[REASON]?.trim() || undefined,
    ...(seen === undefined ? {} : { fromStage: Number(seen) - 1 }),
    actor: annotations[ACTOR] ?? 'kubernetes',
  };
}

/** @param newest the release that is asked of, as it was seen: a promotion is for the stage that it is in, unless the person told */
export function deedOf({ text, reason, fromStage, actor }: Asked, newest: Release | undefined): Deed {
  if (!(WORDS as readonly string[]).includes(text)) return { refused: `"${text}" is none of ${WORDS.join(', ')}` };
  if (text === 'retry') return { retry: true };
  const active = newest && isActive(newest) ? newest : undefined;
  // Asked for twice, or carried out before its turn came: what was asked for is so.
  if (text === 'rollback' && !active && newest && isBack(newest)) return { done: newest };
  if (!active) return { refused: 'no release is active' };
  const because = reason === undefined ? {} : { reason };
  switch (text as (typeof WORDS)[number]) {
    case 'promote':
    case 'promote --full': {
      const at = active.stageIndex < 0 ? {} : { fromStage: fromStage ?? stageNumberOf(active) };
      return { command: { kind: 'promote', full: text !== 'promote', actor, ...at } };
    }
    case 'pause':
      return { command: { kind: 'pause', actor, ...because } };
    case 'resume':
      return { command: { kind: 'resume', actor } };
    case 'approve':
      return { command: { kind: 'approve', actor, ...(reason === undefined ? {} : { comment: reason }) } };
    case 'rollback':
      return { command: { kind: 'rollback', actor, reason: reason ?? `asked for by ${actor}` } };
    default:
      return { command: { kind: 'cancel', actor, ...because } };
  }
}

export const isBack = ({ phase }: Release) => ['rollingBack', 'rolledBack', 'cancelled'].includes(phase);

/** A second time they would do something else: they are taken off the resource first, and carried out by whoever took them. */
export function isOnceOnly({ text }: Asked): boolean {
  return text.startsWith('promote') || text === 'resume' || text === 'approve' || text === 'retry';
}
