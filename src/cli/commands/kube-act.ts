/** promote, pause, resume, rollback, cancel on a cluster: one annotation, and what the server there answered. */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../clock.ts';
import { SpillwayError } from '../../errors.ts';
import { kubeClient } from '../../kube/client.ts';
import { ask, pick, pipelinesIn } from '../../kubernetes/ask.ts';
import type { CommandContext } from '../context.ts';
import { type KubeWhere, kubeAccess } from '../kube.ts';
import { pipelineView } from './kube-status.ts';

export async function kubeAct(
  asked: { command: string; reason?: string | undefined },
  name: string | undefined,
  where: KubeWhere,
  { out, signal }: CommandContext,
): Promise<number> {
  const { access, namespace } = kubeAccess(where);
  const client = kubeClient(access);
  try {
    const pipeline = pick(await pipelinesIn(client, namespace), name, namespace);
    const answered = await ask(pipeline, asked, {
      client,
      clock: systemClock,
      random: Math.random,
      newId: randomUUID,
      signal,
    });
    const { result } = answered.status.lastCommand;
    if (result.startsWith('refused')) throw new SpillwayError('COMMAND_REFUSED', `${asked.command}: ${result}`);
    out.print(pipelineView(answered, out.paint).join('\n'));
    out.printJson({ name: answered.metadata.name, namespace, status: answered.status });
    return 0;
  } finally {
    await client.close();
  }
}
