/** promote, pause, resume, approve, rollback, cancel: one request each, and what became of it. */
import { stageNumberOf } from '../../rollout/release.ts';
import type { WireRelease } from '../../server/contract.ts';
import { requireServer } from '../client.ts';
import { type CommandContext, pickRelease } from '../context.ts';
import { releaseView } from '../release-view.ts';

export type Action = 'promote' | 'pause' | 'resume' | 'approve' | 'rollback' | 'cancel';

export async function act(
  action: Action,
  name: string | undefined,
  body: { full?: boolean; reason?: string; comment?: string },
  context: CommandContext,
): Promise<number> {
  const { out, kube } = context;
  if (kube) {
    const command = body.full ? `${action} --full` : action;
    return (await import('./kube-act.ts')).kubeAct(
      { command, reason: body.reason ?? body.comment },
      name,
      kube,
      context,
    );
  }
  const server = await requireServer(context, context.actor);
  const seen = await pickRelease(server, name);
  // Two people who promote at once mean one stage, not two.
  const asked = action === 'promote' && seen.stageIndex >= 0 ? { ...body, fromStage: stageNumberOf(seen) } : body;
  const release = await server.post<WireRelease>(`/api/v1/releases/${seen.id}/${action}`, asked);
  out.print(releaseView(release, { paint: out.paint, width: out.width, nowMs: Date.now() }).join('\n'));
  out.printJson(release);
  return 0;
}
