/**
 * Ready queries for what is common: where each gateway, mesh and convention counts requests, errors and durations, and by which
 * label the two arms are told apart there. All are counters of whole requests; docs/reference/metric-sources.md says which were
 * tried and which are from documentation.
 */
import type { Arm } from '../../analysis/live-outcome.ts';
import { type Labels, selector } from './promql.ts';
import type { ArmQueries, SourceQueries } from './scrape.ts';

interface Shape {
  requests: string;
  /** The matcher of PromQL that leaves the failed ones of `requests`. */
  failed: string;
  /** Classic series; `matching` where one metric holds several things. */
  histograms: Readonly<Record<string, { series: string; matching?: string }>>;
  /** Of the durations; the tests need none, a reader does. */
  unit: 's' | 'ms';
}

export const SHAPES = {
  traefik: {
    requests: 'traefik_service_requests_total',
    // Of gRPC it is the status of the call: what OpenTelemetry calls a server's error, but for 2 (Unknown), which Traefik also writes
    // where it has not seen the status.
    failed: 'code=~"5..|4|12|13|14|15"',
    histograms: { latency: { series: 'traefik_service_request_duration_seconds_bucket' } },
    unit: 's',
  },
  envoy: {
    requests: 'envoy_cluster_upstream_rq',
    failed: 'envoy_response_code=~"5.."',
    histograms: { latency: { series: 'envoy_cluster_upstream_rq_time_bucket' } },
    unit: 'ms',
  },
  istio: {
    requests: 'istio_requests_total',
    failed: 'response_code=~"5..|0"',
    histograms: { latency: { series: 'istio_request_duration_milliseconds_bucket' } },
    unit: 'ms',
  },
  nginxIngress: {
    requests: 'nginx_ingress_controller_requests',
    failed: 'status=~"5..|5xx"',
    histograms: { latency: { series: 'nginx_ingress_controller_request_duration_seconds_bucket' } },
    unit: 's',
  },
  linkerd: {
    requests: 'response_total',
    failed: 'classification="failure"',
    histograms: { latency: { series: 'response_latency_ms_bucket' } },
    unit: 'ms',
  },
  otelHttp: {
    requests: 'http_server_request_duration_seconds_count',
    failed: 'http_response_status_code=~"5.."',
    histograms: { latency: { series: 'http_server_request_duration_seconds_bucket' } },
    unit: 's',
  },
  genAi: {
    requests: 'gen_ai_client_operation_duration_seconds_count',
    failed: 'error_type!=""',
    histograms: {
      latency: { series: 'gen_ai_client_operation_duration_seconds_bucket' },
      tokens: { series: 'gen_ai_client_token_usage_bucket', matching: 'gen_ai_token_type="output"' },
    },
    unit: 's',
  },
} as const satisfies Record<string, Shape>;

export type TemplateName = keyof typeof SHAPES;
type OfArms<T> = Readonly<Record<Arm, T>>;

/** `native`: the same metrics where they are scraped as native histograms, without `_bucket` and `_count` in their names. */
export interface TemplateOptions {
  native?: boolean;
}

/**
 * @param arms the labels whose values tell an arm; see the functions below for those that are known
 * @throws RangeError for a name that cannot be a label's, and for arms with the same labels
 */
export function templateQueries(
  name: TemplateName,
  arms: OfArms<Labels>,
  options: TemplateOptions = {},
): SourceQueries {
  const queries = {
    baseline: armQueries(name, arms.baseline, options),
    candidate: armQueries(name, arms.candidate, options),
  };
  if (queries.baseline.requests === queries.candidate.requests)
    throw new RangeError(`both arms are ${queries.baseline.requests}: nothing tells them apart`);
  return queries;
}

function armQueries(name: TemplateName, labels: Labels, { native = false }: TemplateOptions): ArmQueries {
  const shape: Shape = SHAPES[name];
  const series = (written: string) => (native ? written.replace(/_(?:bucket|count)$/, '') : written);
  const histograms = Object.entries(shape.histograms).map(([metric, { series: found, matching }]) => {
    const matchers = matching === undefined ? [] : [matching];
    return [metric, selector(series(found), labels, ...matchers)] as const;
  });
  return {
    requests: selector(series(shape.requests), labels),
    errors: selector(series(shape.requests), labels, shape.failed),
    histograms: Object.fromEntries(histograms),
  };
}

/** A Service behind a route, by port. */
export interface Backend {
  namespace: string;
  service: string;
  port: number;
  /** Of GRPCRoutes. */
  isGrpc?: boolean;
}

/**
 * The name that Traefik gives the backend of a route: all that is no letter and no digit becomes a hyphen.
 * @see Traefik 3.5, its Gateway provider: `default-web-http-80@kubernetesgateway`, `default-web-80-grpc@kubernetesgateway`
 */
export function traefikService({ namespace, service, port, isGrpc = false }: Backend): Labels {
  const rest = isGrpc ? `${port}-grpc` : `http-${port}`;
  const words = `${namespace}-${service}-${rest}`.split(/[^\p{L}\p{N}]+/u).filter(word => word !== '');
  return { service: `${words.join('-')}@kubernetesgateway` };
}

/** Traffic as the pods of a Deployment see it, so that nothing is counted at both ends. */
export function istioWorkload({ namespace, workload }: { namespace: string; workload: string }): Labels {
  return { reporter: 'destination', destination_workload_namespace: namespace, destination_workload: workload };
}

/** Traffic as the pods of a Deployment see it. */
export function linkerdDeployment({ namespace, deployment }: { namespace: string; deployment: string }): Labels {
  return { namespace, deployment, direction: 'inbound' };
}

/** The main Ingress counts both arms: those that went to the canary carry its upstream's name, the others none. */
export function nginxCanary(main: { namespace: string; ingress: string }, canary: Backend): OfArms<Labels> {
  const upstream = `${canary.namespace}-${canary.service}-${canary.port}`;
  return { baseline: { ...main, canary: '' }, candidate: { ...main, canary: upstream } };
}

/** A cluster of Envoy by its name, whoever configures it. */
export function envoyCluster(name: string): Labels {
  return { envoy_cluster_name: name };
}

/**
 * One backend of an HTTPRoute's rule, both counted from 0, behind Envoy Gateway. It makes a cluster of its own for each backend only
 * where one of them has a filter, and else one for all, in which the arms cannot be told apart.
 */
export function envoyGatewayBackend(at: { namespace: string; route: string; rule: number; backend: number }): Labels {
  return envoyCluster(`httproute/${at.namespace}/${at.route}/rule/${at.rule}/backend/${at.backend}`);
}
