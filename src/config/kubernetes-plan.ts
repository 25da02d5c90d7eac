/** `target.kubernetes` and `metrics` as the engine reads them: namespaces and durations filled in. No defaults of its own. */
import type { z } from 'zod';
import { durationMs } from './duration.ts';
import type { KubernetesTarget, Metrics } from './kubernetes-target.ts';
import type { BackendPlan, KubernetesPlan, ProbePlan, PrometheusPlan, RoutePlan } from './plan.ts';

type Target = z.output<typeof KubernetesTarget>;
type Source = z.output<typeof Metrics>['prometheus'];

/** Of a document that keeps its rules. @param namespace of the pipeline */
export function kubernetesPlanOf(target: Target, namespace: string): KubernetesPlan {
  const { routes = target.route ? [target.route] : [], probe } = target;
  return {
    namespace,
    workload: workloadOf(target),
    routes: routes.map(route => routePlan(route, namespace)),
    revertTemplate: target.revertTemplate,
    promotionTimeoutMs: durationMs(target.promotionTimeout),
    drainMs: durationMs(target.drain),
    ...(probe ? { probe: probePlan(probe) } : {}),
  };
}

function workloadOf({
  workload,
  deployment,
  service,
  baseline,
  candidate,
  version,
}: Target): KubernetesPlan['workload'] {
  if (workload === 'external')
    return { external: { baseline: backendPlan(baseline!), candidate: backendPlan(candidate!), version: version! } };
  return { managed: { deployment: deployment!, ...(service === undefined ? {} : { service }) } };
}

function routePlan(route: NonNullable<Target['route']>, namespace: string): RoutePlan {
  const { kind, name, rule } = route;
  return { kind, namespace: route.namespace ?? namespace, name, ...(rule === undefined ? {} : { rule }) };
}

function backendPlan({ group, kind, name, namespace, port }: NonNullable<Target['baseline']>): BackendPlan {
  return {
    group,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(port === undefined ? {} : { port }),
  };
}

function probePlan({ url, host, header, json, baseline, candidate }: NonNullable<Target['probe']>): ProbePlan {
  return {
    url,
    ...(host === undefined ? {} : { host }),
    versionIn: header === undefined ? { json: json! } : { header },
    ...(baseline === undefined ? {} : { baseline }),
    ...(candidate === undefined ? {} : { candidate }),
  };
}

export function prometheusPlanOf(source: Source): PrometheusPlan {
  const { url, template, labels, baseline, candidate, silentAfter, thresholds } = source;
  return {
    ...(url === undefined ? {} : { url }),
    queries: template
      ? { template, ...(labels ? { labels } : {}) }
      : { own: { baseline: baseline!, candidate: candidate! } },
    silentAfterMs: durationMs(silentAfter),
    thresholds: thresholds.map(({ name, query, max, min }) => ({
      name,
      query,
      ...(max === undefined ? {} : { max }),
      ...(min === undefined ? {} : { min }),
    })),
  };
}
