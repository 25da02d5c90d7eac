/**
 * What commands need of a cluster that has Spillway: its pipelines, and a word to one of them. The same annotations as
 * `kubectl annotate`, so whoever may change a Pipeline may ask; the server in the cluster does the rest and answers in the
 * status.
 */
import type { Clock } from '../clock.ts';
import { SpillwayError } from '../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import { asFailure, Refusal } from '../kube/refusal.ts';
import type { PipelineStatus } from './resource-status.ts';
import { COMMAND, type PipelineResource, pathOfPipeline, pipelinesPath, REASON } from './resources.ts';

const ANSWER_MS = 20_000;
const LOOK_MS = 200;

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
  { command, reason }: { command: string; reason?: string | undefined },
  { client, clock, signal }: { client: KubeClient; clock: Clock; signal: AbortSignal },
): Promise<
  PipelineResource & { status: PipelineStatus & { lastCommand: NonNullable<PipelineStatus['lastCommand']> } }
> {
  const path = pathOfPipeline(pipeline.metadata);
  const before = pipeline.status?.lastCommand?.at;
  const annotations = { [COMMAND]: command, [REASON]: reason ?? null };
  const untilMs = clock.monotonicMs() + ANSWER_MS;
  try {
    await client.merge(path, { metadata: { annotations } });
    while (clock.monotonicMs() < untilMs && !signal.aborted) {
      const now = await client.get<PipelineResource>(path);
      const last = now.status?.lastCommand;
      if (last && last.at !== before && last.command === command)
        return { ...now, status: { ...now.status, lastCommand: last } };
      await clock.sleep(LOOK_MS, signal);
    }
  } catch (error) {
    throw asFailure(error, `${command} was not asked of pipeline ${pipeline.metadata.name}`);
  }
  throw new SpillwayError('SERVER_UNREACHABLE', `No Spillway in the cluster has answered to "${command}" yet.`, {
    hint: 'Look at it: `kubectl get pods -A -l app=cicd-pipeline`. The command stays, and is obeyed when it is back.',
  });
}
