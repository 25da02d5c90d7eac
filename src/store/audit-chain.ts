/**
 * The hash chain over audit events, pure. Each event carries the hash of the one before, so that a changed, missing or
 * reordered event is found by whoever has the events alone; a cut tail or a full rewrite is found by whoever also kept a
 * head or a checkpoint. The chain proves order and content, not who wrote it.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../config/digest.ts';
import type { Json } from '../config/plan.ts';
import type { AuditDraft, AuditEvent, AuditHead } from './store.ts';

/** `prev` of the first event of a chain. */
export const GENESIS = '0'.repeat(64);

/** `at` is the `seq` of the first event that does not fit. */
type ChainCheck = { ok: true; events: number; head: AuditHead | undefined } | { ok: false; at: number; why: string };

function sha256(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** sha256, hex, of the RFC 8785 JSON of everything but `hash`. */
export function hashEvent(event: Omit<AuditEvent, 'hash'> & { hash?: string }): string {
  const { hash: _, ...rest } = event;
  return sha256(rest);
}

/** What text columns and I-JSON can carry unchanged: whole code points, no NUL. Otherwise the hash would not survive storage. */
function storable(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\u0000', '\uFFFD');
  if (Array.isArray(value)) return value.map(storable);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), storable(inner)]));
}

/** Numbers that are no JSON become null and absent fields go, as they would on the way through the store. */
function normalise(draft: AuditDraft): AuditDraft {
  return storable(JSON.parse(JSON.stringify(draft))) as unknown as AuditDraft;
}

/** Links drafts of one artifact to the head of its chain. */
export function chain(head: AuditHead | undefined, drafts: readonly AuditDraft[]): AuditEvent[] {
  let seq = head?.seq ?? 0;
  let prev = head?.hash ?? GENESIS;
  return drafts.map(draft => {
    seq += 1;
    const { at, actor, artifact, releaseId, kind, why, evidence, weightBefore, weightAfter } = normalise(draft);
    const unsigned = { seq, at, actor, artifact, releaseId, kind, why, evidence, weightBefore, weightAfter, prev };
    prev = hashEvent(unsigned);
    return { ...unsigned, hash: prev };
  });
}

/** As `chain`, for drafts of several artifacts; the order of the drafts is kept. `heads` is brought up to date. */
export function chainAll(heads: Map<string, AuditHead>, drafts: readonly AuditDraft[]): AuditEvent[] {
  return drafts.map(draft => {
    const [event] = chain(heads.get(draft.artifact), [draft]);
    heads.set(draft.artifact, { artifact: draft.artifact, seq: event!.seq, hash: event!.hash });
    return event!;
  });
}

function flaw(event: AuditEvent, due: AuditHead, later: ReadonlySet<number>): string | undefined {
  if (event.artifact !== due.artifact) return `it belongs to the chain of ${event.artifact}, not of ${due.artifact}`;
  if (event.seq !== due.seq) {
    if (event.seq < due.seq) return `event ${event.seq} stands here: doubled or reordered`;
    return later.has(due.seq) ? 'it stands later: reordered' : 'it is missing';
  }
  if (event.hash !== safeHash(event)) return 'its content does not match its hash: changed';
  return event.prev === due.hash ? undefined : 'it does not follow the event before: changed, or another one was there';
}

function safeHash(event: AuditEvent): string {
  try {
    return hashEvent(event);
  } catch {
    return '';
  }
}

/**
 * Checks one chain, whole or from `after` on. With `head`, kept from an earlier summary or export, a cut tail and a full
 * rewrite are found too; events beyond that head are fine. Never throws, whatever the events hold.
 */
export function verifyChain(
  events: readonly AuditEvent[],
  known: { head?: AuditHead; after?: AuditHead } = {},
): ChainCheck {
  const artifact = known.head?.artifact ?? known.after?.artifact ?? events[0]?.artifact ?? '';
  const seqs = new Set(events.map(event => event.seq));
  let last = known.after ?? { artifact, seq: 0, hash: GENESIS };
  for (const event of events) {
    const due = { artifact, seq: last.seq + 1, hash: last.hash };
    const why = flaw(event, due, seqs);
    if (why !== undefined) return { ok: false, at: due.seq, why };
    last = { artifact, seq: event.seq, hash: event.hash };
    if (known.head?.seq === event.seq && known.head.hash !== event.hash) {
      return { ok: false, at: event.seq, why: 'it is not the event of the known head: rewritten' };
    }
  }
  if (known.head !== undefined && last.seq < known.head.seq) {
    return { ok: false, at: last.seq + 1, why: `the chain went on to event ${known.head.seq}: its end was cut off` };
  }
  return { ok: true, events: events.length, head: last.seq === 0 ? undefined : last };
}

/** Checks every chain among mixed events. `heads`: as many as are known; an artifact of which nothing is left is found by them. */
export function verifyChains(
  events: readonly AuditEvent[],
  heads: readonly AuditHead[] = [],
): { artifact: string; check: ChainCheck }[] {
  const byArtifact = Map.groupBy(events, event => event.artifact);
  const known = new Map(heads.map(head => [head.artifact, head]));
  const artifacts = [...new Set([...byArtifact.keys(), ...known.keys()])].sort();
  return artifacts.map(artifact => {
    const head = known.get(artifact);
    return { artifact, check: verifyChain(byArtifact.get(artifact) ?? [], head === undefined ? {} : { head }) };
  });
}

/** One hash over the heads of all chains, whatever order they come in. */
export function checkpoint(heads: readonly AuditHead[]): string {
  const plain = heads.map(({ artifact, seq, hash }) => ({ artifact, seq, hash }));
  return sha256(plain.sort((a, b) => (a.artifact < b.artifact ? -1 : a.artifact > b.artifact ? 1 : 0)));
}
