/**
 * The audit trail, as JSON for machines, JSON Lines for streams and CSV for spreadsheets. It is read in pages while it is
 * written out, so that an export of years costs no memory. The heads tell whether a tail was cut off.
 */
import { Hono } from 'hono';
import { toTimestamp } from '../clock.ts';
import { checkpoint } from '../store/audit-chain.ts';
import type { AuditEvent, AuditHead, AuditQuery, Store } from '../store/store.ts';
import { AuditExportQuery, parseRequest, type WireAuditHeads } from './contract.ts';
import { queryOf, type RouteDeps, type RouteEnv } from './route-context.ts';

const PAGE = 500;
const COLUMNS = [
  'seq',
  'at',
  'actor',
  'artifact',
  'releaseId',
  'kind',
  'why',
  'evidence',
  'weightBefore',
  'weightAfter',
  'prev',
  'hash',
] as const satisfies (keyof AuditEvent)[];

type AuditRead = Pick<Store, 'readAudit' | 'auditHeads'>;

export function auditRoutes({ store }: Pick<RouteDeps, 'store'>): Hono<RouteEnv> {
  const routes = new Hono<RouteEnv>();

  routes.get('/', async c => {
    const { format, from, to, ...rest } = parseRequest(AuditExportQuery, queryOf(c));
    const query = { ...rest } as AuditQuery;
    if (from !== undefined) query.from = toTimestamp(Date.parse(from));
    if (to !== undefined) query.to = toTimestamp(Date.parse(to));
    // The heads first: events that are written meanwhile may follow them, but none that they name is missing.
    const heads = checkpointOf(await store.auditHeads());
    const writer = WRITERS[format];
    // The first page before the answer begins: a store that is down is then a problem document, not a cut stream.
    const pages = pagesOf(store, query);
    const first = await pages.next();
    c.header('content-type', writer.type);
    c.header('spillway-audit-checkpoint', heads.checkpoint);
    return c.body(streamOf(writer.write(first.done ? [] : first.value, pages, heads)));
  });

  routes.get('/heads', async c => c.json(checkpointOf(await store.auditHeads())));
  return routes;
}

function checkpointOf(heads: AuditHead[]): WireAuditHeads {
  return { heads, checkpoint: checkpoint(heads) };
}

async function* pagesOf(store: AuditRead, query: AuditQuery): AsyncGenerator<AuditEvent[], undefined> {
  let after: number | undefined;
  while (true) {
    const page = await store.readAudit({ ...query, limit: PAGE, ...(after === undefined ? {} : { after }) });
    if (page.length > 0) yield page.map(({ event }) => event);
    if (page.length < PAGE) return;
    after = page[page.length - 1]!.position;
  }
}

type Pages = AsyncIterable<AuditEvent[]>;
interface Writer {
  type: string;
  write(first: AuditEvent[], pages: Pages, heads: WireAuditHeads): AsyncGenerator<string>;
}

const WRITERS: Record<'json' | 'jsonl' | 'csv', Writer> = {
  json: {
    type: 'application/json',
    async *write(first, pages, heads) {
      yield '{"events":[';
      yield first.map(event => JSON.stringify(event)).join(',');
      for await (const page of pages) yield page.map(event => `,${JSON.stringify(event)}`).join('');
      yield `],"heads":${JSON.stringify(heads.heads)},"checkpoint":"${heads.checkpoint}"}`;
    },
  },
  jsonl: {
    type: 'application/jsonl',
    write: (first, pages) => byLine('', first, pages, event => JSON.stringify(event)),
  },
  csv: {
    type: 'text/csv; charset=utf-8',
    write: (first, pages) => byLine(`${COLUMNS.join(',')}\r\n`, first, pages, csvRow),
  },
};

async function* byLine(
  head: string,
  first: AuditEvent[],
  pages: Pages,
  line: (event: AuditEvent) => string,
): AsyncGenerator<string> {
  const text = (page: AuditEvent[]) => page.map(event => `${line(event)}\n`).join('');
  yield head + text(first);
  for await (const page of pages) yield text(page);
}

/** RFC 4180. A spreadsheet would run a text that begins like a formula, so such a text gets an apostrophe before it. */
function csvRow(event: AuditEvent): string {
  const cells = COLUMNS.map(column => {
    const value = event[column];
    if (typeof value === 'number') return String(value);
    const text = value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  });
  return `${cells.join(',')}\r`;
}

function streamOf(texts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await texts.next();
      if (done) controller.close();
      else if (value !== '') controller.enqueue(encoder.encode(value));
    },
    cancel: async () => {
      await texts.return(undefined);
    },
  });
}
