/**
 * The tables as the query builder sees them. Portable to SQLite and PostgreSQL: flags are 0 and 1, times epoch
 * milliseconds, documents JSON text that is parsed here and never queried inside the database.
 */
import type { Generated, Kysely, Selectable, Transaction } from 'kysely';

export interface Tables {
  versions: {
    artifact: string;
    version: string;
    spec: string;
    created_at: number;
    created_by: string;
    held_by: string | null;
  };
  pipelines: { name: string; artifact: string; document: string; bundle: string; digest: string; updated_at: number };
  releases: {
    id: string;
    artifact: string;
    active: number;
    state_version: number;
    state: string;
    due_at: number;
    lease_owner: string | null;
    lease_until: number;
    created_at: number;
    updated_at: number;
  };
  routes: {
    artifact: string;
    release_id: string | null;
    salt: string;
    epoch: number;
    weight: number;
    baseline: string;
    candidate: string | null;
    rolled_back: string | null;
    updated_at: number;
  };
  outcomes: {
    offset: Generated<number>;
    client: string | null;
    sequence: number | null;
    artifact: string;
    received_at: number;
    outcomes: string;
  };
  outcome_keys: { artifact: string; client: string; sequence: number; received_at: number };
  snapshots: { release_id: string; offset: number; bytes: Uint8Array };
  test_runs: { release_id: string; suite: string; document: string };
  audit_events: {
    position: Generated<number>;
    artifact: string;
    seq: number;
    at: string;
    actor: string;
    release_id: string | null;
    kind: string;
    why: string;
    evidence: string;
    weight_before: number;
    weight_after: number;
    prev: string;
    hash: string;
  };
  idempotency: { key: string; fingerprint: string; status: number; body: string; expires_at: number };
  pings: { id: number; count: number };
}

/** The database, or a transaction on it: what every query takes. */
export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;
export type ReleaseRecord = Selectable<Tables['releases']>;
export type RouteRecord = Selectable<Tables['routes']>;
export type AuditRecord = Selectable<Tables['audit_events']>;
