/**
 * From what a document names to what is moved: the routes, the backend that serves now, and that of the candidate. Pure.
 * Everything that is missing or ambiguous is said at once, in sentences that name the field and the way out.
 */
import type { BackendPlan, KubernetesPlan, RoutePlan } from '../config/plan.ts';
import {
  type Backend,
  type BackendRef,
  nameOf,
  type RouteAddress,
  type RouteObject,
} from '../traffic/gateway/object.ts';
import type { Probe } from '../traffic/gateway/probe.ts';
import { selectsPods } from './labels.ts';
import type { Service } from './objects.ts';

export interface Named {
  /** The user's own Deployment: the labels of its pods. */
  deployment: { podLabels: Record<string, string>; gate: string | undefined } | undefined;
  /** As the plan names them; undefined where there is none. */
  routes: readonly (RouteObject | undefined)[];
  /** All of the plan's namespace. */
  services: readonly Service[];
}

/** Where an artifact is routed. */
export interface Located {
  routes: readonly RouteAddress[];
  baseline: Backend;
  candidate: Backend;
  probe?: Probe;
}

/** The Service of every candidate: the same one each time, so that routes and metrics stay as they are. */
export const candidateService = (service: string) => `${service}-candidate`;

export function locate(plan: KubernetesPlan, pipeline: string, named: Named): Located | { problems: string[] } {
  const problems = [...routeProblems(plan, named)];
  const found =
    'managed' in plan.workload
      ? managedBackends(plan, pipeline, named)
      : externalBackends(plan.workload.external, named.routes);
  if ('problems' in found) problems.push(...found.problems);
  if (problems.length > 0 || 'problems' in found) return { problems };
  const probe = probeOf(plan);
  return { routes: plan.routes.map(addressOf), ...found, ...(probe ? { probe } : {}) };
}

type Backends = { baseline: Backend; candidate: Backend } | { problems: string[] };

function routeProblems({ routes }: KubernetesPlan, named: Named): string[] {
  return routes.flatMap((route, at) => {
    const called = nameOf(addressOf(route));
    const found = named.routes[at];
    return found ? refusals(found, called) : [`${called} is not there: spec.target.kubernetes.route names it`];
  });
}

/** What a gateway says of the present generation. Backends are another matter: the candidate's comes with its release. */
function refusals({ metadata: { namespace, generation = 0 }, status }: RouteObject, called: string): string[] {
  return (status?.parents ?? []).flatMap(({ parentRef, conditions = [] }) => {
    const refused = conditions.find(
      one => one.status === 'False' && one.type === 'Accepted' && (one.observedGeneration ?? 0) >= generation,
    );
    if (!refused) return [];
    const parent = `Gateway ${parentRef.namespace ?? namespace}/${parentRef.name}`;
    return [
      `${called} is not accepted by ${parent}: ${[refused.reason, refused.message].filter(Boolean).join(', ')}; see spec.parentRefs of the route`,
    ];
  });
}

function managedBackends(plan: KubernetesPlan, pipeline: string, { deployment, routes, services }: Named): Backends {
  const { workload, namespace } = plan;
  if (!('managed' in workload)) return { problems: [] };
  const called = `Deployment ${namespace}/${workload.managed.deployment}`;
  if (!deployment) return { problems: [`${called} is not there: spec.target.kubernetes.deployment names it`] };
  const problems: string[] = [];
  if (deployment.gate !== pipeline)
    problems.push(
      `${called} is not labelled spillway.dev/gate=${pipeline}: kubectl -n ${namespace} label deployment ${workload.managed.deployment} spillway.dev/gate=${pipeline}`,
    );
  const service = serviceOf(plan, deployment.podLabels, { routes, services });
  if ('problems' in service) return { problems: [...problems, ...service.problems] };
  if (problems.length > 0) return { problems };
  const ref = refsIn(routes).find(one => isToService(one, service.name))!;
  const { port } = ref;
  const backend = (name: string): Backend => ({
    name,
    ...(plan.routes.some(route => route.namespace !== namespace) ? { namespace } : {}),
    ...(port === undefined ? {} : { port }),
  });
  return { baseline: backend(service.name), candidate: backend(candidateService(service.name)) };
}

function serviceOf(
  { workload, namespace }: KubernetesPlan,
  podLabels: Record<string, string>,
  { routes, services }: Pick<Named, 'routes' | 'services'>,
): { name: string } | { problems: string[] } {
  const wanted = 'managed' in workload ? workload.managed.service : undefined;
  const selecting = services
    .filter(service => selectsPods(service.spec.selector, podLabels))
    .map(({ metadata }) => metadata.name);
  const refs = refsIn(routes);
  const routed = selecting.filter(name => refs.some(ref => isToService(ref, name)));
  const no = (problem: string) => ({ problems: [problem] });
  if (wanted !== undefined) {
    if (!services.some(({ metadata }) => metadata.name === wanted))
      return no(`Service ${namespace}/${wanted} is not there: spec.target.kubernetes.service names it`);
    if (!selecting.includes(wanted))
      return no(`Service ${namespace}/${wanted} does not select the pods of the Deployment`);
    if (!routed.includes(wanted)) return no(`no rule of the route sends to Service ${wanted}: add it to backendRefs`);
    return { name: wanted };
  }
  const [only, ...others] = routed;
  if (only !== undefined && others.length === 0) return { name: only };
  if (only !== undefined)
    return no(
      `the route sends to several Services of the Deployment (${routed.join(', ')}): name one in spec.target.kubernetes.service`,
    );
  const known = selecting.length > 0 ? `those that do: ${selecting.join(', ')}` : 'no Service does';
  return no(`no rule of the route sends to a Service that selects the pods of the Deployment (${known})`);
}

function externalBackends(
  { baseline, candidate }: { baseline: BackendPlan; candidate: BackendPlan },
  routes: Named['routes'],
): Backends {
  const problems = [baseline, candidate].flatMap(backend =>
    refsIn(routes).some(ref => ref.name === backend.name && (ref.kind ?? 'Service') === backend.kind)
      ? []
      : [
          `no rule of the route sends to ${backend.kind} ${backend.name}: add it to backendRefs, the one without traffic with weight 0`,
        ],
  );
  return problems.length > 0 ? { problems } : { baseline, candidate };
}

function refsIn(routes: Named['routes']): BackendRef[] {
  return routes.flatMap(route => (route?.spec?.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs));
}

function isToService({ name, kind = 'Service', group = '' }: BackendRef, service: string): boolean {
  return name === service && kind === 'Service' && group === '';
}

function addressOf({ kind, namespace, name, rule }: RoutePlan): RouteAddress {
  return { kind, namespace, name, ...(rule === undefined ? {} : { rule }) };
}

/** Only where the document says what each arm answers. */
function probeOf({ probe }: KubernetesPlan): Probe | undefined {
  if (probe?.baseline === undefined || probe.candidate === undefined) return undefined;
  const { url, host, versionIn, baseline, candidate } = probe;
  return { url, versionIn, baseline, candidate, ...(host === undefined ? {} : { headers: { host } }) };
}

/** From a route that names a candidate, whoever of Deployment and Service is gone. Undefined when none does, or for an external one. */
export function locateByRoutes(plan: KubernetesPlan, routes: Named['routes']): Located | undefined {
  if ('external' in plan.workload) return undefined;
  const suffix = candidateService('');
  const ref = refsIn(routes).find(({ name, kind = 'Service' }) => kind === 'Service' && name.endsWith(suffix));
  if (!ref) return undefined;
  const { name, namespace, port } = ref;
  const at = { ...(namespace === undefined ? {} : { namespace }), ...(port === undefined ? {} : { port }) };
  return {
    routes: plan.routes.map(addressOf),
    baseline: { name: name.slice(0, -suffix.length), ...at },
    candidate: { name, ...at },
  };
}

/** What two pipelines would both move. Of several, the oldest has it. */
export function claimsOf({ workload, namespace, routes }: KubernetesPlan): string[] {
  const routed = (name: string) =>
    routes.map(
      route => `${nameOf(addressOf(route))}${route.rule === undefined ? '' : `, rule ${route.rule}`} with ${name}`,
    );
  if ('managed' in workload) return [`Deployment ${namespace}/${workload.managed.deployment}`];
  return [workload.external.baseline, workload.external.candidate].flatMap(({ kind, name }) =>
    routed(`${kind} ${name}`),
  );
}
