/**
 * A gateway beside the real one whose controller is the test: it takes up what a route says, but for the states that it is told to
 * ignore, as one does that lags behind. It moves no request; what it says in the status of routes is all there is of it.
 */
import { until } from '../../support/until.ts';
import { follow } from '../client/follow.ts';
import type { KubeObject } from '../client/objects.ts';
import { GATEWAY_NAME, GATEWAY_NAMESPACE } from '../plane/addresses.ts';
import type { Scene, Team } from './scene.ts';
import { route } from './workloads.ts';

export interface LateGateway {
  /** From now on the team's route names it too; returns when it has taken that up. */
  join(team: Team): Promise<void>;
  /** Of this team's route: while the candidate has this weight, it has seen nothing. Undefined: it sees everything. */
  ignore(team: Team, weight: number | undefined): Promise<void>;
}

const GROUP = 'gateway.networking.k8s.io';
const CONTROLLER = 'example.net/late';

export async function lateGateway({ cluster, room }: Pick<Scene, 'cluster' | 'room'>): Promise<LateGateway> {
  const { api, namespace } = cluster;
  const ignored = new Map<string, number>();
  const routes = `/apis/${GROUP}/v1/namespaces/${namespace}/httproutes`;
  const className = `late-${namespace}`;
  const accepted = {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: '',
    lastTransitionTime: timestamp(),
  };
  await cluster.apply(
    {
      apiVersion: `${GROUP}/v1`,
      kind: 'GatewayClass',
      metadata: { name: className },
      spec: { controllerName: CONTROLLER },
    },
    {
      apiVersion: `${GROUP}/v1`,
      kind: 'Gateway',
      metadata: { name: 'late', namespace },
      spec: { gatewayClassName: className, listeners: [{ name: 'web', protocol: 'HTTP', port: 80 }] },
    },
  );
  room.atEnd(() => api.call('DELETE', `/apis/${GROUP}/v1/gatewayclasses/${className}`));
  const path = `/apis/${GROUP}/v1/gatewayclasses/${className}/status`;
  await api.patch(path, 'merge', { status: { conditions: [accepted] } });

  /** Others write the same list: a conflict is looked at again. */
  const takeUp = (name: string) =>
    until(
      `the late gateway has taken ${name} up`,
      async () => {
        const found = await api.call('GET', `${routes}/${name}`);
        if (!isWanting(found) || (ignored.has(name) && weightOf(found) === ignored.get(name))) return true;
        await api.call('PUT', `${routes}/${name}/status`, withStatus(found));
        return true;
      },
      { everyMs: 50 },
    );
  const stop = new AbortController();
  room.atEnd(() => stop.abort());
  const onSet = (found: KubeObject) => {
    if (isWanting(found)) void takeUp(found.metadata.name).catch(() => undefined);
  };
  void follow(api, routes, { onSet, onGone: () => undefined }, stop.signal);

  return {
    async join({ name, host }) {
      const both = route(namespace, name, { host, weights: { [name]: 1 } });
      both['spec'].parentRefs = [{ name: GATEWAY_NAME, namespace: GATEWAY_NAMESPACE }, { name: 'late' }];
      await cluster.apply(both);
      await takeUp(name);
    },
    async ignore({ name }, weight) {
      if (weight === undefined) ignored.delete(name);
      else ignored.set(name, weight);
      await takeUp(name);
    },
  };
}

interface Parent {
  controllerName: string;
  conditions: { observedGeneration: number }[];
}

const generationOf = ({ metadata }: KubeObject) => (metadata as { generation?: number }).generation ?? 0;
const parentsOf = ({ status }: KubeObject): Parent[] => status?.['parents'] ?? [];

/** It names this gateway, which has not seen its newest generation. */
function isWanting(found: KubeObject): boolean {
  const isNamed = found['spec'].parentRefs.some(({ name }: { name: string }) => name === 'late');
  const own = parentsOf(found).find(({ controllerName }) => controllerName === CONTROLLER);
  return isNamed && own?.conditions[0]?.observedGeneration !== generationOf(found);
}

/** Of the candidate, in the first rule. */
function weightOf({ spec }: KubeObject): number | undefined {
  const refs: { name: string; weight?: number }[] = spec.rules[0].backendRefs;
  return refs.find(({ name }) => name.endsWith('-candidate'))?.weight;
}

function withStatus(found: KubeObject): KubeObject {
  const conditions = ['Accepted', 'ResolvedRefs'].map(type => ({
    type,
    status: 'True',
    reason: type,
    message: '',
    observedGeneration: generationOf(found),
    lastTransitionTime: timestamp(),
  }));
  const own = { parentRef: { name: 'late' }, controllerName: CONTROLLER, conditions };
  const others = parentsOf(found).filter(({ controllerName }) => controllerName !== CONTROLLER);
  return { ...found, status: { parents: [...others, own] } };
}

function timestamp(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
