/**
 * What the server says on the assignment stream, checked before anything is believed. An event that does not fit is
 * `undefined`, never half-read; fields we do not know are ignored, so that an older SDK reads a newer server.
 */
import type { SseMessage } from './sse.ts';

/** A prompt as it was released, unrendered: placeholders are the app's to fill in. */
export interface Prompt {
  readonly template?: string;
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly model?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface Arm {
  /** sha256:<hex> */
  readonly version: string;
  readonly value: Prompt;
}

export interface Assignment {
  readonly artifact: string;
  readonly salt: string;
  /** Share of units that get the candidate, integer percent. */
  readonly weight: number;
  /** Grows with every change of this artifact's assignment. */
  readonly epoch: number;
  readonly releaseId?: string;
  readonly baseline: Arm;
  /** Absent when nothing is split. */
  readonly candidate?: Arm;
}

export type ServerEvent =
  | { kind: 'assignment'; assignment: Assignment }
  | { kind: 'removed'; artifact: string }
  | { kind: 'synced' }
  | { kind: 'heartbeat' }
  /** Well-formed, of a newer server. */
  | { kind: 'unknown' };

/** Undefined when the data is not JSON or not of the event's shape. What is returned is frozen. Never throws. */
export function parseEvent(message: SseMessage): ServerEvent | undefined {
  try {
    return readEvent(message);
  } catch {
    return undefined; // nested so deep that the stack does not hold it
  }
}

function readEvent(message: SseMessage): ServerEvent | undefined {
  const data = parseJson(message.data);
  if (!isObject(data)) return undefined;
  switch (message.event) {
    case 'assignment': {
      const assignment = toAssignment(data);
      return assignment && { kind: 'assignment', assignment };
    }
    case 'removed':
      return isName(data['artifact']) ? { kind: 'removed', artifact: data['artifact'] } : undefined;
    case 'synced':
      return { kind: 'synced' };
    case 'heartbeat':
      return { kind: 'heartbeat' };
    default:
      return { kind: 'unknown' };
  }
}

function toAssignment(data: Record<string, unknown>): Assignment | undefined {
  const { artifact, salt, weight, epoch, releaseId } = data;
  const baseline = toArm(data['baseline']);
  const hasCandidate = data['candidate'] !== undefined && data['candidate'] !== null;
  const candidate = hasCandidate ? toArm(data['candidate']) : undefined;
  if (!isName(artifact) || typeof salt !== 'string' || !baseline || (hasCandidate && !candidate)) return undefined;
  if (!isCount(weight) || weight > 100 || !isCount(epoch)) return undefined;
  if (releaseId !== undefined && releaseId !== null && typeof releaseId !== 'string') return undefined;
  return deepFreeze({
    artifact,
    salt,
    weight,
    epoch,
    ...(typeof releaseId === 'string' && { releaseId }),
    baseline,
    ...(candidate && { candidate }),
  });
}

function toArm(data: unknown): Arm | undefined {
  if (!isObject(data) || !isName(data['version']) || !isPrompt(data['value'])) return undefined;
  return { version: data['version'], value: data['value'] };
}

function isPrompt(value: unknown): value is Prompt {
  return isObject(value) && (typeof value['template'] === 'string' || Array.isArray(value['messages']));
}

/** Every resolution hands out the same value: one app module that edits it must not change what the others get. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
