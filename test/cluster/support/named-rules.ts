/**
 * Definitions of HTTPRoute and GRPCRoute whose rules have names, in the place of those of the standard channel, which drop them.
 * The whole cluster has them until the room ends: for files that no other runs beside.
 */
import { readFileSync } from 'node:fs';
import type { Room } from '../../support/room.ts';
import { until } from '../../support/until.ts';
import { locate } from '../build/cache.ts';
import { TOOLS } from '../build/tools.ts';
import { type KubeObject, pathOf } from '../client/objects.ts';
import type { Cluster } from './cluster.ts';
import { route } from './workloads.ts';

/** Returns when names are kept; at the end of the room, when what was there before drops them again. */
export async function nameRules(room: Room, cluster: Cluster): Promise<void> {
  const tool = TOOLS.find(({ name }) => name === 'gateway-api-named-rules.json')!;
  const named = JSON.parse(readFileSync(locate(tool)!, 'utf8')) as KubeObject[];
  const before = await Promise.all(named.map(async one => applied(await cluster.api.call('GET', pathOf(one)))));
  room.atEnd(() => replace(cluster, before, false));
  await replace(cluster, named, true);
}

/** What somebody has applied of an object that is there. */
function applied({ apiVersion, kind, metadata, spec }: KubeObject): KubeObject {
  const { name, annotations } = metadata;
  return { apiVersion: apiVersion!, kind: kind!, metadata: { name, ...(annotations ? { annotations } : {}) }, spec };
}

async function replace(cluster: Cluster, definitions: readonly KubeObject[], isNamed: boolean): Promise<void> {
  for (const definition of definitions) await cluster.api.apply(definition);
  for (const kind of ['HTTPRoute', 'GRPCRoute'])
    await until(`names of rules in ${kind} are ${isNamed ? 'kept' : 'dropped'}`, async () => {
      const kept = await tried(cluster, kind);
      return (kept === 'probe') === isNamed;
    });
}

/** What becomes of the name of a rule; nothing is written. */
async function tried({ api, namespace }: Cluster, kind: string): Promise<string | undefined> {
  const probe: KubeObject = { ...route(namespace, 'probe', { host: 'probe.example', weights: { probe: 1 } }), kind };
  probe['spec'].rules[0].name = 'probe';
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/${kind.toLowerCase()}s`;
  const answer = await api.call('POST', `${path}?dryRun=All&fieldValidation=Ignore`, probe);
  return answer['spec'].rules[0].name;
}
