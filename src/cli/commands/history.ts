/** history: who decided what, when and why, oldest first; the audit events of an artifact or a release. */
import { systemClock } from '../../clock.ts';
import type { AuditEvent } from '../../store/store.ts';
import { findServer } from '../client.ts';
import type { CommandContext } from '../context.ts';
import { openStore } from '../open-store.ts';

export async function history(name: string | undefined, context: CommandContext): Promise<number> {
  const { out } = context;
  const events = await readEvents(name, context);
  out.print(
    events.length === 0 ? 'Nothing has been decided yet.' : events.map(event => line(event, context)).join('\n'),
  );
  out.printJson({ events });
  return 0;
}

/** From the server when one is named or runs here, else straight from the store. */
export async function readEvents(name: string | undefined, context: CommandContext): Promise<AuditEvent[]> {
  const filter = name === undefined ? {} : name.startsWith('rel_') ? { release: name } : { artifact: name };
  const server = await findServer(context, context.actor);
  if (server) {
    const answer = await server.get<AuditEvent[] | { events: AuditEvent[] }>(
      `/api/v1/audit?${new URLSearchParams(filter)}`,
    );
    return Array.isArray(answer) ? answer : answer.events;
  }
  const store = await openStore(context, { clock: systemClock, readonly: true });
  try {
    return await store.listAudit(filter);
  } finally {
    await store.close();
  }
}

function line(
  { at, actor, artifact, kind, why, weightBefore, weightAfter }: AuditEvent,
  { out }: CommandContext,
): string {
  const { paint } = out;
  const move = weightBefore === weightAfter ? `${weightAfter} %` : `${weightBefore} → ${weightAfter} %`;
  const word =
    kind === 'rollback' || kind === 'fail'
      ? paint.red(kind)
      : kind === 'promote'
        ? paint.green(kind)
        : paint.cyan(kind);
  return `${paint.dim(at)}  ${artifact}  ${word}  ${move.padStart(11)}  ${why}  ${paint.dim(`(${actor})`)}`;
}
