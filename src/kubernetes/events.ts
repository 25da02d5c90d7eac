/**
 * What was decided, as Events of the cluster: for `kubectl describe pipeline` and for tools that collect them. They come after
 * everything else, a few at a time; one that cannot be written is lost, because the audit trail is the record.
 */
import { type Clock, toTimestamp } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import type { AuditEvent } from '../store/store.ts';
import { type PipelineResource, SPILLWAY } from './resources.ts';

export interface ClusterEvents {
  /** Never waits and never throws. */
  tell(event: AuditEvent, pipeline: PipelineResource): void;
}

/** Waiting to be written; more than that are left out. */
const WAITING_MAX = 100;
const MESSAGE_MAX = 1_024;
const COMPONENT = 'spillway';
/** Kinds of audit events that a person may want to look into. */
const WARNINGS = ['rollback', 'withdraw', 'fail', 'breakGlass'];

export function clusterEvents(client: KubeClient, { clock }: { clock: Clock }): ClusterEvents {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    tell(event, pipeline) {
      if (waiting >= WAITING_MAX) return;
      waiting += 1;
      const { namespace = 'default' } = pipeline.metadata;
      const object = eventOf(event, pipeline, toTimestamp(clock.nowMs()));
      last = last
        .then(() => client.create(`/api/v1/namespaces/${namespace}/events`, object))
        .catch(() => undefined)
        .finally(() => {
          waiting -= 1;
        });
    },
  };
}

export function eventOf(event: AuditEvent, { metadata }: PipelineResource, nowIso: string): object {
  const { kind, why, weightBefore, weightAfter, actor, seq } = event;
  const moved = weightBefore === weightAfter ? '' : ` (${weightBefore} → ${weightAfter} %)`;
  const at = nowIso.replace(/\.\d+Z$/, 'Z');
  const { name, namespace = 'default', uid, resourceVersion } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    // The chain's own number makes it one event, whoever tells it.
    metadata: { name: `${name}.${(uid ?? '').slice(0, 8)}.${seq}`, namespace },
    involvedObject: { apiVersion: `${SPILLWAY}/v1alpha1`, kind: 'Pipeline', name, namespace, uid, resourceVersion },
    type: WARNINGS.includes(kind) ? 'Warning' : 'Normal',
    reason: `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}`,
    message: `${why}${moved}, by ${actor}`.slice(0, MESSAGE_MAX),
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  };
}
