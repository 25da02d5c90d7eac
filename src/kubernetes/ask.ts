/**
 * What commands need of a cluster that has Spillway: its pipelines, and a word to one of them. The same annotations as
 * `kubectl annotate`, so whoever may change a Pipeline may ask; the server in the cluster does the rest and answers in the
 * status.
 */
import type { Clock } from '../clock.ts';
import { SpillwayError } from '../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import { follow } from '../kube/follow.ts';
import { asFailure, Refusal } from '../kube/refusal.ts';
import { COMMAND, REASON } from './gate-policy.ts';
import type { PipelineStatus } from './resource-status.ts';
import { type PipelineResource, pathOfPipeline, pipelinesPath, STAGE, WORD } from './resources.ts';

const ANSWER_MS = 20_000;

/** @throws SpillwayError NOT_FOUND when the cluster knows no pipelines, RIGHTS_MISSING, CLUSTER_UNREACHABLE */
export async function pipelinesIn(client: KubeClient, namespace: string): Promise<PipelineResource[]> {
  try {
    return (await client.list<PipelineResource>(pipelinesPath(namespace))).items;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404)
      throw new SpillwayError('NOT_FOUND', 'The cluster does not know pipelines.', {
        hint: 'Install Spillway there: `helm install spillway ./chart`.',
      });
    throw asFailure(error, `pipelines of namespace ${namespace} cannot be listed`);
  }
}

/** The named one, or the only one with a release under way. @throws SpillwayError NOT_FOUND, AMBIGUOUS */
export function pick(
  pipelines: readonly PipelineResource[],
  name: string | undefined,
  namespace: string,
): PipelineResource {
  if (name !== undefined) {
    const found = pipelines.find(({ metadata }) => metadata.name === name);
    if (found) return found;
    throw new SpillwayError('NOT_FOUND', `There is no pipeline ${name} in namespace ${namespace}.`, {
      hint: 'List what there is: `kubectl get pipelines -A`; name another namespace with --namespace.',
    });
  }
  const busy = pipelines.filter(({ status }) => status?.conditions?.some(isProgressing));
  const [only, ...others] = busy;
  if (!only) throw new SpillwayError('NOT_FOUND', `No release is under way in namespace ${namespace}.`);
  if (others.length === 0) return only;
  const names = busy.map(({ metadata }) => metadata.name).join(', ');
  throw new SpillwayError('AMBIGUOUS', `${busy.length} releases are under way: ${names}.`, {
    hint: 'Name the pipeline.',
  });
}

const isProgressing = ({ type, status }: { type: string; status: string }) =>
  type === 'Progressing' && status === 'True';

/**
 * Asks, and waits until the server in the cluster has answered.
 * @throws SpillwayError SERVER_UNREACHABLE when none does in 20 s (the word stays, and is obeyed when there is one again)
 */
export async function ask(
  pipeline: PipelineResource,
  asked: { command: string; reason?: string | undefined },
  o: { client: KubeClient; clock: Clock; random: () => number; newId: () => string; signal: AbortSignal },
): Promise<Answered> {
  const { client, clock, signal } = o;
  const { command, reason } = asked;
  const { metadata, status: { stage, lastCommand } = {} } = pipeline;
  const word = o.newId();
  const over = new AbortController();
  const stop = () => over.abort();
  signal.addEventListener('abort', stop, { once: true });
  let answered: Answered | undefined;
  const follower = {
    // Watched and not looked at from time to time: the answer to somebody else may follow at once and take its place.
    onSet({ metadata: now, status }: PipelineResource) {
      const last = status?.lastCommand;
      const isTaken = now.annotations?.[WORD] !== word;
      if (answered || !isTaken || !last || last.at === lastCommand?.at || last.command !== command) return;
      answered = { metadata: now, spec: pipeline.spec, status: { ...status, lastCommand: last } };
      stop();
    },
    onGone: stop,
  };
  try {
    // Two people who promote at once mean one stage, not two.
    const seen = command.startsWith('promote') && stage !== undefined ? stage : null;
    const annotations = { [COMMAND]: command, [REASON]: reason ?? null, [STAGE]: seen, [WORD]: word };
    const { namespace = 'default', name } = metadata;
    const path = pipelinesPath(namespace);
    const following = follow({ client, path, name }, follower, { clock, random: o.random }, over.signal);
    await client.merge(pathOfPipeline(metadata), { metadata: { annotations } });
    await clock.sleep(ANSWER_MS, over.signal);
    stop();
    await following;
  } catch (error) {
    stop();
    throw asFailure(error, `${command} was not asked of pipeline ${metadata.name}`);
  }
  if (answered) return answered;
  throw new SpillwayError('SERVER_UNREACHABLE', `No Spillway in the cluster has answered to "${command}" yet.`, {
    hint: 'Look at it: `kubectl get pods -A -l app=cicd-pipeline`. The command stays, and is obeyed when it is back.',
  });
}

type Answered = PipelineResource & {
  status: PipelineStatus & { lastCommand: NonNullable<PipelineStatus['lastCommand']> };
};
