/**
 * What a cluster cannot do of what a route would be asked: found before the first raise, and said in a sentence with what
 * to add. Weights are core to the Gateway API; the rest is the gateway's to support. Reads only, and writes nothing.
 */
import { SpillwayError } from '../../errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import { asFailure, Refusal } from '../../kube/refusal.ts';
import {
  type Backend,
  type Condition,
  GROUP,
  isTo,
  nameOf,
  nameOfBackend,
  pathOf,
  type RouteObject,
} from './object.ts';
import type { Target } from './patch.ts';

interface Gateway {
  spec: { gatewayClassName: string };
}

interface GatewayClass {
  status?: { conditions?: Condition[]; supportedFeatures?: (string | { name: string })[] };
}

interface ReferenceGrant {
  spec: {
    from: { group: string; kind: string; namespace: string }[];
    to: { group: string; kind: string; name?: string }[];
  };
}

/**
 * @param isAttaching the candidate's reference will be added, so that a route need not name it
 * @returns sentences; empty when all is well. What cannot be read is a sentence too
 */
export async function capabilityProblems(client: KubeClient, target: Target, isAttaching = false): Promise<string[]> {
  const { address } = target;
  const found = await readOr<RouteObject>(client, pathOf(address, address.name), `${nameOf(address)} cannot be read`);
  if (typeof found === 'string') return [found];
  const gateways = (found.spec?.parentRefs ?? []).filter(({ kind = 'Gateway' }) => kind === 'Gateway');
  const problems = await Promise.all([
    ...gateways.map(({ name, namespace = address.namespace }) => gatewayProblems(client, target, { name, namespace })),
    ...[target.baseline, target.candidate].map(backend => grantProblems(client, target, backend)),
  ]);
  return [...ruleProblems(found, target, isAttaching), ...problems.flat()];
}

function ruleProblems(route: RouteObject, { address, baseline, candidate }: Target, isAttaching: boolean): string[] {
  const rules = route.spec?.rules ?? [];
  const named = address.rule === undefined ? rules : rules.filter(({ name }) => name === address.rule);
  if (named.length === 0 && address.rule !== undefined) {
    const names = rules.flatMap(({ name }) => name ?? []);
    const there = names.length > 0 ? `its rules are ${names.join(', ')}` : 'none of its rules has a name';
    const how = `names of rules need Gateway API 1.4, or the experimental channel; without a name every rule with both backends is split`;
    return [`${nameOf(address)} has no rule named ${address.rule}: ${there} (${how}).`];
  }
  const holds = (backend: Backend) =>
    named.some(({ backendRefs = [] }) => backendRefs.some(ref => isTo(ref, backend, address.namespace)));
  return (isAttaching ? [baseline] : [baseline, candidate])
    .filter(backend => !holds(backend))
    .map(backend => `${nameOf(address)} does not name ${nameOfBackend(backend)}: add it to backendRefs.`);
}

async function gatewayProblems(
  client: KubeClient,
  { address }: Target,
  { namespace, name }: { namespace: string; name: string },
): Promise<string[]> {
  const called = `Gateway ${namespace}/${name}`;
  const path = `/apis/${GROUP}/v1/namespaces/${namespace}/gateways/${name}`;
  const gateway = await readOr<Gateway>(client, path, `${called} cannot be read`);
  if (typeof gateway === 'string') return [gateway];
  const { gatewayClassName } = gateway.spec;
  const what = `GatewayClass ${gatewayClassName} of ${called}`;
  const ofClass = await readOr<GatewayClass>(
    client,
    `/apis/${GROUP}/v1/gatewayclasses/${gatewayClassName}`,
    `${what} cannot be read`,
  );
  if (typeof ofClass === 'string') return [ofClass];
  const { conditions = [], supportedFeatures } = ofClass.status ?? {};
  const accepted = conditions.find(({ type }) => type === 'Accepted');
  if (accepted?.status !== 'True')
    return [`${what} is not accepted by a controller: ${accepted?.message ?? accepted?.reason ?? 'none has seen it'}.`];
  // Absent from older controllers; an empty list of features would be a gateway that can do nothing.
  const features = (supportedFeatures ?? []).map(feature => (typeof feature === 'string' ? feature : feature.name));
  if (features.length === 0 || features.includes(address.kind)) return [];
  return [`${what} does not support ${address.kind}: it lists ${features.length} features without it.`];
}

async function grantProblems(client: KubeClient, { address }: Target, backend: Backend): Promise<string[]> {
  const { group = '', kind = 'Service', name, namespace = address.namespace } = backend;
  if (namespace === address.namespace) return [];
  const path = `/apis/${GROUP}/v1beta1/namespaces/${namespace}/referencegrants`;
  try {
    const { items } = await client.list<ReferenceGrant>(path);
    const isGranted = items.some(
      ({ spec: { from, to } }) =>
        from.some(one => one.group === GROUP && one.kind === address.kind && one.namespace === address.namespace) &&
        to.some(one => one.group === group && one.kind === kind && (one.name ?? name) === name),
    );
    if (isGranted) return [];
    const wanted = `from { group: ${GROUP}, kind: ${address.kind}, namespace: ${address.namespace} } to { group: "${group}", kind: ${kind}, name: ${name} }`;
    return [
      `No ReferenceGrant in namespace ${namespace} lets ${nameOf(address)} send to ${kind} ${name}: add one ${wanted}.`,
    ];
  } catch (error) {
    return [asFailure(error, `ReferenceGrants of namespace ${namespace} cannot be read`).message];
  }
}

async function readOr<T>(client: KubeClient, path: string, what: string): Promise<T | string> {
  try {
    return await client.get<T>(path);
  } catch (error) {
    if (error instanceof Refusal || error instanceof SpillwayError) return asFailure(error, what).message;
    throw error;
  }
}
