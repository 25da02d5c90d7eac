/** Rows for tests of the store and of what stands on it: whole and plausible, with the field under test given. */
import type { AuditDraft, OutcomeBatchDraft, RouteRow, StoredRelease } from '../store.ts';

export function releaseRow(fields: Partial<StoredRelease> = {}): StoredRelease {
  return {
    id: 'r1',
    artifact: 'bot',
    active: true,
    stateVersion: 1,
    state: { phase: 'queued' },
    dueAt: 0,
    leaseOwner: null,
    leaseUntil: 0,
    createdAt: 1,
    updatedAt: 1,
    ...fields,
  };
}

export function auditDraft(fields: Partial<AuditDraft> = {}): AuditDraft {
  return {
    at: '2026-01-01T00:00:00.000Z',
    actor: 'controller',
    artifact: 'bot',
    releaseId: 'r1',
    kind: 'advance',
    why: 'the verdict passed',
    evidence: { n: 50 },
    weightBefore: 10,
    weightAfter: 25,
    ...fields,
  };
}

export function routeRow(fields: Partial<RouteRow> = {}): RouteRow {
  return {
    artifact: 'bot',
    releaseId: 'r1',
    salt: 'r1',
    epoch: 1,
    weight: 10,
    baseline: 'sha256:1',
    candidate: 'sha256:2',
    rolledBack: null,
    updatedAt: 1,
    ...fields,
  };
}

export function batchDraft(fields: Partial<OutcomeBatchDraft> = {}): OutcomeBatchDraft {
  return { client: 'c', sequence: 1, artifact: 'bot', receivedAt: 0, outcomes: [{ id: 'o1' }], ...fields };
}
