import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../config/plan.ts';
import { chain, checkpoint, GENESIS, hashEvent, verifyChain, verifyChains } from './audit-chain.ts';
import { auditDraft } from './contract/rows.ts';
import type { AuditEvent, AuditHead } from './store.ts';

const events = chain(
  undefined,
  Array.from({ length: 6 }, (_, n) => auditDraft({ why: `event ${n}` })),
);
const headOf = (event: AuditEvent): AuditHead => ({ artifact: event.artifact, seq: event.seq, hash: event.hash });
const head = headOf(events.at(-1)!);

const drafts = fc.array(
  fc.record({
    why: fc.string({ unit: 'binary' }),
    evidence: fc.jsonValue().map(value => value as Json),
    actor: fc.string(),
  }),
  { minLength: 1, maxLength: 8 },
);

describe('the hash of an event', () => {
  test('is the sha256 of its canonical JSON without the hash', () => {
    const [first] = events;
    const canonical =
      '{"actor":"controller","artifact":"bot","at":"2026-01-01T00:00:00.000Z","evidence":{"n":50},"kind":"advance",' +
      `"prev":"${GENESIS}","releaseId":"r1","seq":1,"weightAfter":25,"weightBefore":10,"why":"event 0"}`;
    expect(first!.hash).toBe(createHash('sha256').update(canonical).digest('hex'));
    expect(hashEvent(first!)).toBe(first!.hash);
    expect(first!.prev).toBe('0'.repeat(64));
  });

  test('does not hang on the order of the fields', () => {
    const reversed = Object.fromEntries(Object.entries(events[0]!).reverse()) as unknown as AuditEvent;
    expect(hashEvent(reversed)).toBe(events[0]!.hash);
  });
});

describe('verifying a chain', () => {
  test('accepts what was chained, in one go or in two, and survives JSON, whatever the events hold', () => {
    fc.assert(
      fc.property(drafts, fc.nat(), (fields, cut) => {
        const all = fields.map(field => auditDraft(field));
        const whole = chain(undefined, all);
        const start = chain(undefined, all.slice(0, cut % all.length));
        const rest = chain(start.length === 0 ? undefined : headOf(start.at(-1)!), all.slice(cut % all.length));
        expect([...start, ...rest]).toEqual(whole);
        const read = JSON.parse(JSON.stringify(whole)) as AuditEvent[];
        expect(verifyChain(read, { head: headOf(whole.at(-1)!) })).toMatchObject({ ok: true, events: all.length });
      }),
    );
  });

  test('accepts no events, and says that there is no head', () => {
    expect(verifyChain([])).toEqual({ ok: true, events: 0, head: undefined });
  });

  test('names the first event of which any field was changed', () => {
    const fields = [
      'at',
      'actor',
      'releaseId',
      'kind',
      'why',
      'evidence',
      'weightBefore',
      'weightAfter',
      'prev',
      'hash',
    ];
    for (const field of fields) {
      const changed = events.with(2, { ...events[2]!, [field]: field.startsWith('weight') ? 99 : 'changed' });
      expect(verifyChain(changed), field).toMatchObject({ ok: false, at: 3 });
    }
  });

  test('names the event after one that was changed and hashed anew', () => {
    const forged = { ...events[2]!, why: 'all was well' };
    forged.hash = hashEvent(forged);
    expect(verifyChain(events.with(2, forged))).toMatchObject({ ok: false, at: 4 });
  });

  test('names a missing, a reordered, a doubled and a foreign event', () => {
    expect(verifyChain(events.toSpliced(1, 1))).toMatchObject({ ok: false, at: 2, why: 'it is missing' });
    expect(verifyChain(events.slice(1))).toMatchObject({ ok: false, at: 1, why: 'it is missing' });
    expect(verifyChain(events.with(1, events[2]!).with(2, events[1]!))).toMatchObject({
      at: 2,
      why: 'it stands later: reordered',
    });
    expect(verifyChain(events.toSpliced(2, 0, events[1]!))).toMatchObject({ ok: false, at: 3 });
    const [foreign] = chain(undefined, [auditDraft({ artifact: 'other' })]);
    expect(verifyChain([...events, foreign!])).toMatchObject({ ok: false, at: 7 });
  });

  test('finds a cut end and a full rewrite by a head that was kept', () => {
    expect(verifyChain(events.slice(0, 4)).ok).toBe(true);
    expect(verifyChain(events.slice(0, 4), { head })).toMatchObject({ ok: false, at: 5 });
    expect(verifyChain([], { head })).toMatchObject({ ok: false, at: 1 });
    const rewritten = chain(
      undefined,
      Array.from({ length: 7 }, () => auditDraft({ why: 'all was well' })),
    );
    expect(verifyChain(rewritten).ok).toBe(true);
    expect(verifyChain(rewritten, { head })).toMatchObject({ ok: false, at: 6 });
  });

  test('accepts events beyond the head that was kept, and a part after a known event', () => {
    expect(verifyChain(events, { head: headOf(events[3]!) }).ok).toBe(true);
    expect(verifyChain(events.slice(2), { after: headOf(events[1]!), head })).toEqual({ ok: true, events: 4, head });
    expect(verifyChain(events.slice(3), { after: headOf(events[1]!) })).toMatchObject({ ok: false, at: 3 });
  });

  test('never throws, whatever stands in a file', () => {
    const odd = { ...events[0]!, evidence: '\ud800', why: undefined } as unknown as AuditEvent;
    expect(verifyChain([odd])).toMatchObject({ ok: false, at: 1 });
  });
});

test('many chains in one export are each checked, one that vanished too', () => {
  const other = chain(undefined, [auditDraft({ artifact: 'other' })]);
  const mixed = [events[0]!, other[0]!, ...events.slice(1)];
  expect(verifyChains(mixed).map(({ artifact, check }) => [artifact, check.ok])).toEqual([
    ['bot', true],
    ['other', true],
  ]);
  expect(verifyChains(mixed, [{ artifact: 'gone', seq: 2, hash: 'x' }])[1]).toMatchObject({
    artifact: 'gone',
    check: { ok: false, at: 1 },
  });
});

test('a checkpoint covers every head and does not hang on their order', () => {
  const heads = [
    head,
    { artifact: 'other', seq: 1, hash: 'b'.repeat(64) },
    { artifact: 'Zed', seq: 1, hash: 'c'.repeat(64) },
  ];
  expect(checkpoint(heads)).toBe(checkpoint(heads.toReversed()));
  expect(checkpoint(heads)).toMatch(/^[0-9a-f]{64}$/);
  expect(checkpoint(heads.slice(1))).not.toBe(checkpoint(heads));
  expect(checkpoint(heads.with(1, { ...heads[1]!, hash: 'd'.repeat(64) }))).not.toBe(checkpoint(heads));
});
