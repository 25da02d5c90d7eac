/**
 * What Spillway keeps, as one interface: releases, versions, routes, evidence, the audit chain. SQLite and PostgreSQL
 * implement it; `storeContract` is what both must pass. No SQL and no engine's word here. Times are epoch milliseconds
 * unless a field says otherwise; `Json` is stored as text and comes back deep-equal. Every method rejects with
 * SpillwayError STORE_UNAVAILABLE when the store cannot be used, and STORE_CORRUPT when what it read makes no sense. Then
 * nothing was written, but for one case: a connection that is lost while a commit is under way leaves open whether it
 * counted. Nothing is repeated silently; the caller looks, or repeats what counts once (a state version, a sequence).
 */
import type { Json } from '../config/plan.ts';

export interface StoredRelease {
  id: string;
  artifact: string;
  /** At most one release of an artifact is active. */
  active: boolean;
  /** From 1, plus 1 with every save: the fence between two actors. */
  stateVersion: number;
  /** The Release document; the store never looks inside. */
  state: Json;
  /** When it wants its next pass. */
  dueAt: number;
  leaseOwner: string | null;
  leaseUntil: number;
  createdAt: number;
  updatedAt: number;
}

export interface AuditEvent {
  /** From 1, dense in the chain of one artifact. */
  seq: number;
  /** RFC 3339 UTC with milliseconds, so that text order is time order. */
  at: string;
  actor: string;
  artifact: string;
  releaseId: string | null;
  kind: string;
  why: string;
  evidence: Json;
  weightBefore: number;
  weightAfter: number;
  /** Hash of the event before, 64 zeros for the first. */
  prev: string;
  hash: string;
}
export type AuditDraft = Omit<AuditEvent, 'seq' | 'prev' | 'hash'>;

/** Where a chain stands: its last event. */
export interface AuditHead {
  artifact: string;
  seq: number;
  hash: string;
}

export interface RouteRow {
  artifact: string;
  releaseId: string | null;
  salt: string;
  /** Grows with every change of this artifact's weight, whatever the release. */
  epoch: number;
  weight: number;
  baseline: string;
  candidate: string | null;
  /** Tombstone `<release>@<epoch>`: that release was rolled back and never gets weight again. */
  rolledBack: string | null;
  updatedAt: number;
}

export interface VersionRow {
  artifact: string;
  version: string;
  spec: Json;
  createdAt: number;
  createdBy: string;
  /** The release that rolled this version back. */
  heldBy: string | null;
}

export interface PipelineRow {
  name: string;
  artifact: string;
  document: Json;
  bundle: Json;
  digest: string;
  updatedAt: number;
}

export interface OutcomeBatch {
  /** Grows in the order in which batches became readable: none turns up later below an offset already read. */
  offset: number;
  client: string | null;
  sequence: number | null;
  artifact: string;
  receivedAt: number;
  /** An array, as it was accepted. */
  outcomes: Json;
}
export type OutcomeBatchDraft = Omit<OutcomeBatch, 'offset'>;

/** Folded evidence of a release up to and including `offset`. */
export interface Snapshot {
  offset: number;
  bytes: Uint8Array;
}

interface TestRunRow {
  releaseId: string;
  suite: string;
  document: Json;
}

interface IdempotentAnswer {
  /** Digest of the request, so that a reused key with another request is noticed. */
  fingerprint: string;
  status: number;
  body: Json;
  expiresAt: number;
}

/** What a save writes beside the release, in the same transaction. */
export interface SaveExtra {
  route?: RouteRow;
  /** `null` deletes it. */
  snapshot?: Snapshot | null;
  /** `releaseId: null` lifts the hold. */
  holdVersion?: { version: string; releaseId: string | null };
}

/** 'moved': another actor was faster (a newer state version, or a newer epoch of `extra.route`); nothing was written. */
export type SaveOutcome = { saved: AuditEvent[] } | 'moved';

export interface ReleaseQuery {
  active?: boolean;
  artifact?: string;
  /** `next` of the page before. */
  cursor?: string;
  /** 1 to 1000, default 100. */
  limit?: number;
}

export interface AuditQuery {
  release?: string;
  artifact?: string;
  /** Inclusive, RFC 3339 UTC with milliseconds (`toTimestamp`). */
  from?: string;
  to?: string;
  /** Only what was written after this position. */
  after?: number;
  /** Default: all. */
  limit?: number;
}

/** `position` counts over all chains in the order of writing: what an event stream resumes by. */
export interface PositionedEvent {
  position: number;
  event: AuditEvent;
}

/**
 * What another process has written to the same store. `everything`: for a while nothing could be heard, so anything may
 * have changed. A hint to look, never the content: it may come late, twice, or (after a crash) not at all.
 */
export type Change =
  | { of: 'outcomes' | 'route' | 'release'; artifact: string }
  | { of: 'leases' }
  | { of: 'everything' };

export interface VersionStore {
  /** Versions are immutable: a second put of the same one changes nothing. */
  putVersion(row: VersionRow): Promise<{ created: boolean }>;
  getVersion(artifact: string, version: string): Promise<VersionRow | undefined>;
  /** Newest first. */
  listVersions(artifact: string): Promise<VersionRow[]>;
  holdVersion(artifact: string, version: string, releaseId: string | null): Promise<void>;
  /** Replaces a pipeline of the same name. */
  putPipeline(row: PipelineRow): Promise<{ created: boolean }>;
  getPipeline(name: string): Promise<PipelineRow | undefined>;
  /** Without their bundles, which may be a mebibyte each. */
  listPipelines(): Promise<Omit<PipelineRow, 'bundle'>[]>;
}

export interface ReleaseStore {
  insertRelease(
    release: StoredRelease,
    events: readonly AuditDraft[],
  ): Promise<{ saved: AuditEvent[] } | 'activeExists'>;
  getRelease(id: string): Promise<StoredRelease | undefined>;
  activeRelease(artifact: string): Promise<StoredRelease | undefined>;
  /** Newest first; `next` is null on the last page. */
  listReleases(query?: ReleaseQuery): Promise<{ releases: StoredRelease[]; next: string | null }>;
  /**
   * Writes `state`, `active`, `dueAt`, `updatedAt` and the events if the state version is still `expected`; it becomes
   * `expected + 1`, whatever `release.stateVersion` says. Leases are left alone, but a release that ends loses its own.
   */
  saveRelease(
    release: StoredRelease,
    expected: number,
    events: readonly AuditDraft[],
    extra?: SaveExtra,
  ): Promise<SaveOutcome>;
  /** Ends one release and inserts its successor in one transaction: `extra.route` is written between the two. */
  replaceRelease(change: {
    ended: StoredRelease;
    expected: number;
    inserted: StoredRelease;
    events: readonly AuditDraft[];
    extra?: SaveExtra;
  }): Promise<SaveOutcome>;
  /**
   * Leases active releases that are due (`dueAt <= nowMs`) and whose lease is free, lapsed or already this owner's,
   * most overdue first, until `nowMs + leaseMs`. No release goes to two owners.
   */
  claimReleases(owner: string, nowMs: number, leaseMs: number, limit: number): Promise<StoredRelease[]>;
  releaseLeases(owner: string): Promise<void>;
  /** Active releases that are due and that nobody holds: the queue length. */
  countWaiting(nowMs: number): Promise<number>;
}

export interface RouteStore {
  /**
   * 'stale' for a lower epoch than the stored one, for the same epoch where it would take a tombstone away, and for any
   * weight above 0 of a release whose tombstone is stored.
   */
  putRoute(row: RouteRow): Promise<'written' | 'stale'>;
  /**
   * A route that no release made, with what is to be said of it: both or neither. Also 'stale' for the epoch that is stored, so that of
   * several replicas that see the same thing one has it on record.
   */
  adoptRoute(row: RouteRow, events: readonly AuditDraft[]): Promise<'written' | 'stale'>;
  getRoute(artifact: string): Promise<RouteRow | undefined>;
  listRoutes(): Promise<RouteRow[]>;
}

export interface EvidenceStore {
  /**
   * All batches in one transaction, durable when it resolves. A (client, sequence, artifact) already seen is skipped
   * and its index reported; batches without client or sequence are never duplicates. `maxOffset`: the last one written
   * so far, 0 when there was none.
   */
  appendOutcomes(batches: readonly OutcomeBatchDraft[]): Promise<{ duplicates: number[]; maxOffset: number }>;
  /** In order of offset, those after `afterOffset`. `limit` counts batches. */
  readOutcomes(artifact: string, afterOffset: number, limit: number): Promise<OutcomeBatch[]>;
  /** Drops what was folded, up to and including the offset. Duplicates are still recognised for an hour after receipt. */
  trimOutcomes(artifact: string, uptoOffset: number): Promise<void>;
  /** Drops batches received before `atMs`, of every artifact, folded or not: what came while no release was there to fold it. */
  dropOutcomesBefore(atMs: number): Promise<void>;
  putSnapshot(releaseId: string, offset: number, bytes: Uint8Array): Promise<void>;
  getSnapshot(releaseId: string): Promise<Snapshot | undefined>;
  /** Replaces an earlier run of the same suite. */
  putTestRun(releaseId: string, suite: string, document: Json): Promise<void>;
  getTestRuns(releaseId: string): Promise<TestRunRow[]>;
}

export interface AuditStore {
  /** In order of writing, which within a chain is the order of `seq`. */
  listAudit(query?: AuditQuery): Promise<AuditEvent[]>;
  /** As `listAudit`, with the positions: for event streams. */
  readAudit(query?: AuditQuery): Promise<PositionedEvent[]>;
  /** Sorted by artifact. */
  auditHeads(): Promise<AuditHead[]>;
  /** For commands without a release, and for rollbacks read from the journal. */
  appendAudit(events: readonly AuditDraft[]): Promise<AuditEvent[]>;
}

export interface IdempotencyStore {
  /** Undefined when unknown or expired. */
  getIdempotent(key: string): Promise<IdempotentAnswer | undefined>;
  /** The first answer stands until it expires. */
  putIdempotent(key: string, answer: IdempotentAnswer): Promise<void>;
}

export interface Store extends VersionStore, ReleaseStore, RouteStore, EvidenceStore, AuditStore, IdempotencyStore {
  /** Resolves when the store can be read (and, unless opened for reading only, written). */
  ping(): Promise<void>;
  /** Where other processes share the store: called soon after each of their changes. Absent where nobody does. */
  onChange?(listener: (change: Change) => void): () => void;
  close(): Promise<void>;
}
