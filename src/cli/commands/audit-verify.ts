/** audit verify: whether any event was changed, removed or reordered since it was written. Exit 1 names the first that does not fit. */
import { readFileSync } from 'node:fs';
import { SpillwayError } from '../../errors.ts';
import { checkpoint, verifyChains } from '../../store/audit-chain.ts';
import type { AuditEvent, AuditHead } from '../../store/store.ts';
import type { CommandContext } from '../context.ts';
import { readEvents } from './history.ts';

export async function auditVerify(
  file: string | undefined,
  options: { head?: string },
  context: CommandContext,
): Promise<number> {
  const { out } = context;
  const { events, heads = [] }: Export =
    file === undefined ? { events: await readEvents(undefined, context) } : readExport(file);
  const checked = verifyChains(events, heads);
  for (const { artifact, check } of checked)
    if (!check.ok) return broken(`${artifact}, event ${check.at}: ${check.why}`, context);
  const found = headsOf(events);
  const now = checkpoint(found);
  if (options.head !== undefined && options.head !== now && !found.some(head => head.hash === options.head))
    return broken(
      `the checkpoint is ${now}, not ${options.head}: events were cut off, or the whole chain was written anew`,
      context,
    );
  out.print(
    `${out.paint.green('ok')}  ${events.length} events in ${found.length} ${found.length === 1 ? 'chain' : 'chains'} fit together\ncheckpoint ${now}`,
  );
  out.printJson({ verified: true, events: events.length, heads: found, checkpoint: now });
  return 0;
}

function headsOf(events: readonly AuditEvent[]): AuditHead[] {
  const last = new Map(events.map(event => [event.artifact, event]));
  return [...last.values()].map(({ artifact, seq, hash }) => ({ artifact, seq, hash }));
}

function broken(why: string, { out }: CommandContext): number {
  out.print(`${out.paint.red('broken')}  ${why}`);
  out.printJson({ verified: false, why });
  return 1;
}

/** The heads that an export carries tell whether its tail was cut off. */
interface Export {
  events: AuditEvent[];
  heads?: AuditHead[];
}

/** An export: a JSON array, `{ events }`, or JSON Lines; an empty one holds no events. */
function readExport(file: string): Export {
  try {
    const text = readFileSync(file, 'utf8').trim();
    const found = text.startsWith('[') ? { events: JSON.parse(text) as AuditEvent[] } : readObjects(text);
    const stranger = found.events.findIndex(
      event => typeof event?.artifact !== 'string' || typeof event.seq !== 'number',
    );
    if (stranger >= 0) throw new Error(`entry ${stranger + 1} is no audit event`);
    return found;
  } catch (cause) {
    throw new SpillwayError('FILE_UNREADABLE', `${file} is no audit export: ${(cause as Error).message}`, {
      cause,
      hint: 'Name an export in JSON or JSON Lines: GET /api/v1/audit?format=jsonl.',
    });
  }
}

function readObjects(text: string): Export {
  const lines = text.split('\n').filter(line => line !== '');
  if (lines.length !== 1) {
    const isLines = lines.every(line => line.startsWith('{') && line.endsWith('}'));
    return isLines ? { events: lines.map(line => JSON.parse(line) as AuditEvent) } : (JSON.parse(text) as Export);
  }
  const document = JSON.parse(lines[0]!) as Partial<Export> & AuditEvent;
  return document.events ? (document as Export) : { events: [document] };
}
