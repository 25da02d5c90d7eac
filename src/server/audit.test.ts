import { describe, expect, test } from 'vitest';
import { toTimestamp } from '../clock.ts';
import { checkpoint, verifyChains } from '../store/audit-chain.ts';
import type { AuditDraft, AuditEvent } from '../store/store.ts';
import { testServer } from './server.test-support.ts';

const AUDIT = '/api/v1/audit';
const START = Date.UTC(2026, 0, 1);
const draft = (minute: number, change: Partial<AuditDraft> = {}): AuditDraft => ({
  at: toTimestamp(START + minute * 60_000),
  actor: 'api',
  artifact: 'bot',
  releaseId: 'release-1',
  kind: 'advance',
  why: 'no harm seen',
  evidence: { e: 1.5 },
  weightBefore: 10,
  weightAfter: 25,
  ...change,
});

async function withEvents(drafts: AuditDraft[]) {
  const server = await testServer();
  await server.store.appendAudit(drafts);
  return server;
}

describe('GET /api/v1/audit', () => {
  test('exports JSON that proves itself: every chain holds, and the heads and the checkpoint fit', async () => {
    const { call } = await withEvents([draft(0), draft(1, { artifact: 'other', releaseId: null }), draft(2)]);
    const { json, headers } = await call('GET', AUDIT);
    expect(json.events).toHaveLength(3);
    for (const { check } of verifyChains(json.events, json.heads)) expect(check.ok).toBe(true);
    expect(json.checkpoint).toBe(checkpoint(json.heads));
    expect(headers.get('spillway-audit-checkpoint')).toBe(json.checkpoint);
    expect((await call('GET', `${AUDIT}/heads`)).json).toEqual({ heads: json.heads, checkpoint: json.checkpoint });
  });

  test('exports more than one page in order', async () => {
    const { call } = await withEvents(Array.from({ length: 1_203 }, (_, minute) => draft(minute)));
    const lines = (await call('GET', `${AUDIT}?format=jsonl`)).text.trimEnd().split('\n');
    expect(lines.map(line => JSON.parse(line).seq)).toEqual(Array.from({ length: 1_203 }, (_, index) => index + 1));
    expect((await call('GET', AUDIT)).json.events).toHaveLength(1_203);
  });

  test('narrows by release, artifact and time, both ends included, in any zone', async () => {
    const { call } = await withEvents([
      draft(0),
      draft(1, { releaseId: 'release-2' }),
      draft(2),
      draft(3, { artifact: 'other' }),
    ]);
    const count = async (query: string) => (await call('GET', `${AUDIT}?${query}`)).json.events.length;
    expect(await count('release=release-2')).toBe(1);
    expect(await count('artifact=other')).toBe(1);
    expect(await count('from=2026-01-01T00:01:00Z&to=2026-01-01T00:02:00Z')).toBe(2);
    expect(await count(`from=${encodeURIComponent('2026-01-01T01:01:00+01:00')}`)).toBe(3);
  });

  test('exports CSV with quoting, and disarms what a spreadsheet would run', async () => {
    const { call } = await withEvents([draft(0, { why: '=HYPERLINK("http://x","y")', actor: 'api:a,b' })]);
    const { text, headers } = await call('GET', `${AUDIT}?format=csv`);
    const [head, row, end] = text.split('\r\n');
    expect(head).toBe('seq,at,actor,artifact,releaseId,kind,why,evidence,weightBefore,weightAfter,prev,hash');
    expect(row).toContain(
      `1,2026-01-01T00:00:00.000Z,"api:a,b",bot,release-1,advance,"'=HYPERLINK(""http://x"",""y"")","{""e"":1.5}",10,25,`,
    );
    expect(end).toBe('');
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
  });

  test('of nothing is empty in every format', async () => {
    const { call } = await withEvents([]);
    expect((await call('GET', AUDIT)).json).toMatchObject({ events: [] as AuditEvent[], heads: [] });
    expect((await call('GET', `${AUDIT}?format=jsonl`)).text).toBe('');
  });

  test.each(['?format=xml', '?from=yesterday', '?realease=x'])('refuses %s', async query => {
    expect(await (await withEvents([])).call('GET', AUDIT + query)).toMatchObject({
      status: 400,
      json: { code: 'REQUEST_INVALID' },
    });
  });
});
