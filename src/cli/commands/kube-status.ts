/** status on a cluster: its pipelines as they say themselves, one after another; with --watch until the release has ended. */
import { systemClock } from '../../clock.ts';
import { kubeClient } from '../../kube/client.ts';
import { follow } from '../../kube/follow.ts';
import { pick, pipelinesIn } from '../../kubernetes/ask.ts';
import { type PipelineResource, pipelinesPath } from '../../kubernetes/resources.ts';
import type { CommandContext } from '../context.ts';
import { type KubeWhere, kubeAccess } from '../kube.ts';
import type { Terminal } from '../terminal.ts';

export async function kubeStatus(
  name: string | undefined,
  options: { watch: boolean },
  where: KubeWhere,
  context: CommandContext,
): Promise<number> {
  const { out } = context;
  const { access, namespace } = kubeAccess(where);
  const client = kubeClient(access);
  try {
    const all = await pipelinesIn(client, namespace);
    const shown = name === undefined ? all : [pick(all, name, namespace)];
    const last = options.watch ? await watched(shown, { client, namespace }, context) : shown;
    if (!options.watch || !out.isLive) out.print(drawn(last, out).join('\n'));
    out.printJson({ pipelines: last.map(({ metadata, status }) => ({ name: metadata.name, namespace, status })) });
    return 0;
  } finally {
    await client.close();
  }
}

function drawn(pipelines: readonly PipelineResource[], { paint }: Terminal): string[] {
  if (pipelines.length === 0) return ['There is no pipeline in this namespace.'];
  return pipelines.flatMap(one => [...pipelineView(one, paint), '']);
}

/** Redraws with every change, until what is shown is at rest, or Ctrl-C. */
async function watched(
  shown: readonly PipelineResource[],
  { client, namespace }: { client: ReturnType<typeof kubeClient>; namespace: string },
  { out, signal }: CommandContext,
): Promise<PipelineResource[]> {
  const newest = new Map(shown.map(one => [one.metadata.name, one]));
  const done = new AbortController();
  signal.addEventListener('abort', () => done.abort(), { once: true });
  const draw = () => {
    if (out.isLive) out.draw(drawn([...newest.values()], out));
    if ([...newest.values()].every(isAtRest)) done.abort();
  };
  /** A line for each step, not for each word that a verdict changes. */
  const said = new Map<string, string>();
  const say = (one: PipelineResource) => {
    const [line = ''] = pipelineView(one, out.paint);
    if (out.isLive || said.get(one.metadata.name) === line) return;
    said.set(one.metadata.name, line);
    out.print(line);
  };
  draw();
  const follower = {
    onSet(one: PipelineResource) {
      if (!newest.has(one.metadata.name)) return;
      newest.set(one.metadata.name, one);
      say(one);
      draw();
    },
    onGone(one?: PipelineResource) {
      if (one) newest.delete(one.metadata.name);
      draw();
    },
  };
  const time = { clock: systemClock, random: Math.random };
  if (!done.signal.aborted) await follow({ client, path: pipelinesPath(namespace) }, follower, time, done.signal);
  out.settle();
  return [...newest.values()];
}

function isAtRest({ status }: PipelineResource): boolean {
  return !status?.conditions?.some(({ type, status }) => type === 'Progressing' && status === 'True');
}

/** The first line tells the story; the others say why. */
export function pipelineView({ metadata, status = {} }: PipelineResource, paint: Terminal['paint']): string[] {
  const { phase = 'not looked at yet', stage, weight = 0, baseline, candidate, conditions = [] } = status;
  const of = (type: string) => conditions.find(one => one.type === type);
  const isBad = of('Degraded')?.status === 'True';
  const word = isBad ? paint.red(phase) : phase === 'serving' ? paint.green(phase) : paint.cyan(phase);
  const where = stage === undefined ? '' : `  ${stage} at ${weight} %`;
  const versions = [baseline?.name, candidate?.name].filter(Boolean).join(' → ');
  const said = isBad ? of('Degraded') : of('Progressing');
  return [
    `${paint.bold(metadata.name)}  ${word}${where}  ${paint.dim(versions)}`,
    ...(said?.message ? [`  ${said.message}`] : []),
    ...(status.lastCommand
      ? [`  ${paint.dim(`${status.lastCommand.command} by ${status.lastCommand.actor}: ${status.lastCommand.result}`)}`]
      : []),
  ];
}
