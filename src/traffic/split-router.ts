/**
 * One router for all artifacts: prompts go to their registry, workloads to the cluster's. The name of an artifact alone tells
 * which. Without a cluster a workload is refused, never taken for a prompt.
 */
import { isWorkload } from '../config/artifact.ts';
import { SpillwayError } from '../errors.ts';
import type { TrafficRouter } from './router.ts';

/** @throws SpillwayError NOT_SUPPORTED, from every verb, for a workload where there is no router of workloads */
export function splitRouter(prompts: TrafficRouter, workloads?: TrafficRouter): TrafficRouter {
  function of(artifact: string): TrafficRouter {
    if (!isWorkload(artifact)) return prompts;
    if (workloads) return workloads;
    throw new SpillwayError('NOT_SUPPORTED', `${artifact} is a workload, and this server has no cluster.`, {
      hint: 'Start the server with access to the cluster: `spillway serve --kube`.',
    });
  }

  return {
    async refresh(artifact) {
      // What other replicas do with workloads is no concern of a server without a cluster.
      const asked = artifact === undefined ? [prompts, workloads] : [isWorkload(artifact) ? workloads : prompts];
      await Promise.all(asked.map(one => one?.refresh?.(artifact)));
    },
    readRoute: async artifact => of(artifact).readRoute(artifact),
    writeRoute: async (route, onLive) => of(route.artifact).writeRoute(route, onLive),
    confirm: async route => of(route.artifact).confirm?.(route),
  };
}
