/**
 * What the server and the command line may ask of the controller: the one face of the engine. Everything that changes a
 * release goes through here, one change at a time a release, so that two callers can never act on one at once.
 */
import type { Json, PromptSpec } from '../config/plan.ts';
import type { Command } from '../rollout/command.ts';
import type { Release } from '../rollout/release.ts';
import type { AuditEvent } from '../store/store.ts';

export interface ReleaseRequest {
  pipeline: string;
  /** A new version by its content; or `version`, one that is registered already. One of the two; neither: the pipeline's own prompt. */
  spec?: PromptSpec | { [key: string]: Json };
  version?: string;
  /** Tries a version again that was rolled back before. */
  force?: boolean;
  actor: string;
}

export interface TestProgress {
  releaseId: string;
  suite: string;
  done: number;
  total: number;
  passed: number;
  failed: number;
  errors: number;
}

/** Something that a person must see to; Spillway itself keeps trying. Once for each release. */
export interface Alert {
  name: 'RollbackTimeExceeded';
  releaseId: string;
  artifact: string;
  /** Since the decision, milliseconds. */
  elapsedMs: number;
  slaMs: number;
}

export type ControllerEvent =
  /** `elsewhere`: another replica did it, and counts it. */
  | { type: 'release'; release: Release; elsewhere?: true }
  | { type: 'audit'; event: AuditEvent }
  | { type: 'progress'; progress: TestProgress }
  | { type: 'alert'; alert: Alert };

export interface Controller {
  /** Reads the journal, brings the live routes to the safe side, then takes up the active releases. */
  start(): Promise<void>;
  /** Stops passes and tests, gives back the leases. Weights stay as they are. */
  stop(): Promise<void>;
  /** @throws SpillwayError NOT_FOUND, VERSION_HELD, VERSION_SERVING, STORE_UNAVAILABLE */
  createRelease(request: ReleaseRequest): Promise<Release>;
  /** @throws SpillwayError NOT_FOUND, RELEASE_FINISHED, RELEASE_PAUSED, COMMAND_REFUSED, STATE_MOVED */
  command(releaseId: string, command: Command): Promise<Release>;
  /** With the newest verdict and stage clock, which the stored copy may lack by some seconds. */
  release(releaseId: string): Promise<Release | undefined>;
  releases(query: {
    active?: boolean;
    artifact?: string;
    cursor?: string;
    limit?: number;
  }): Promise<{ releases: Release[]; next?: string }>;
  /** New outcomes of an artifact are stored: judge its release soon. */
  wake(artifact: string): void;
  onEvent(listener: (event: ControllerEvent) => void): () => void;
  /** Releases that are due and not leased: the autoscaler's queue length; and how many are being run. */
  load(): { queued: number; active: number };
}
