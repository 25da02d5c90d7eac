/**
 * `target.kubernetes`: a workload behind a route of the Gateway API. Either the user's own Deployment, whose changed template
 * is held and tried beside it, or two backends that exist already and of which only weights are moved. Rules that span
 * fields are in kubernetes-rules.ts.
 */
import { z } from 'zod';
import { NonEmpty, PositiveDuration, rule } from './fields.ts';

const OBJECT_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const objectNameRule = rule('the name of a Kubernetes object: lower-case letters, digits, "-" and "."');
const ObjectName = z.string({ error: objectNameRule }).regex(OBJECT_NAME, { error: objectNameRule });

const Port = z.int().min(1).max(65_535);

const Route = z.strictObject({
  name: ObjectName.describe('The route; it names the backend that serves now.'),
  kind: z.enum(['HTTPRoute', 'GRPCRoute']).default('HTTPRoute').describe('Kind of the route.'),
  namespace: ObjectName.optional().describe('Namespace of the route; that of the pipeline by default.'),
  rule: NonEmpty.optional().describe(
    'Name of the one rule that is split; by default every rule that holds the backend.',
  ),
});

const Backend = z.strictObject({
  name: ObjectName.describe('The object that the route sends to.'),
  kind: NonEmpty.default('Service').describe('Its kind, for example `Service` or `InferencePool`.'),
  group: z.string().default('').describe('Its API group; empty for the core group.'),
  namespace: ObjectName.optional().describe('Its namespace; that of the route by default.'),
  port: Port.optional().describe('Only references to this port are meant.'),
});

const Probe = z.strictObject({
  url: NonEmpty.describe('Asked through the gateway, as a user would.'),
  host: NonEmpty.optional().describe('Host header, where the name of the route is not that of the URL.'),
  header: NonEmpty.optional().describe('Header of the answer that tells the version. This, or `json`.'),
  json: NonEmpty.optional().describe(
    'Path in the JSON of the answer that tells the version, for example `app.version`.',
  ),
  baseline: NonEmpty.optional().describe('What the baseline says; found out from its pods by default.'),
  candidate: NonEmpty.optional().describe('What the candidate says; found out from its pods by default.'),
});

export const KubernetesTarget = z
  .strictObject({
    workload: z
      .enum(['managed', 'external'])
      .default('managed')
      .describe('`managed`: the Deployment is held and tried beside itself. `external`: both backends exist already.'),
    deployment: ObjectName.optional().describe('The user’s own Deployment, labelled `spillway.dev/gate: <pipeline>`.'),
    service: ObjectName.optional().describe('Its Service in the route; by default the one that selects its pods.'),
    route: Route.optional().describe('The route whose weights are moved. This, or `routes`.'),
    routes: z.array(Route).min(1).max(16).optional().describe('Several routes, moved together.'),
    baseline: Backend.optional().describe('With `external`: one of the two backends.'),
    candidate: Backend.optional().describe('With `external`: the other one.'),
    version: NonEmpty.max(253)
      .optional()
      .describe('With `external`: names what the backend without traffic runs; a new name starts a release.'),
    revertTemplate: z
      .boolean()
      .default(true)
      .describe('Put the template that serves back after a rollback; off where Argo CD or Flux owns the Deployment.'),
    promotionTimeout: PositiveDuration.default('10m').describe(
      'Longest time for the roll of the Deployment at the end.',
    ),
    drain: PositiveDuration.default('5s').describe('Between the last request to a candidate and its end.'),
    probe: Probe.optional().describe('Verifies at the data plane that a weight is obeyed.'),
  })
  .describe('Releases a workload: a route of the Gateway API gives the candidate its share.');

const Queries = z.strictObject({
  requests: NonEmpty.describe('Selector of raw request counters: no `rate()`, no `sum()`.'),
  errors: NonEmpty.describe('Of the same counters those of failed requests.'),
  histograms: z
    .record(z.string(), NonEmpty)
    .default({})
    .describe('By metric (`latency`, `tokens`): selector of histogram buckets.'),
});

const TEMPLATES = ['traefik', 'envoy', 'istio', 'nginxIngress', 'linkerd', 'otelHttp', 'genAi'] as const;

const Threshold = z.strictObject({
  name: NonEmpty.max(63).describe('Shown when it is crossed.'),
  query: NonEmpty.describe('An instant query with one number as its answer.'),
  max: z.number().optional().describe('Beyond it the candidate is unhealthy.'),
  min: z.number().optional().describe('Below it the candidate is unhealthy.'),
});

export const Metrics = z
  .strictObject({
    prometheus: z
      .strictObject({
        url: NonEmpty.optional().describe('Its address; SPILLWAY_PROMETHEUS_URL of the server by default.'),
        template: z
          .enum(TEMPLATES)
          .optional()
          .describe(
            'Ready queries for the gateway or mesh that counts the requests. This, or `baseline` and `candidate`.',
          ),
        labels: z
          .strictObject({
            baseline: z.record(z.string(), z.string()).describe('Labels of the baseline’s series.'),
            candidate: z.record(z.string(), z.string()).describe('Labels of the candidate’s series.'),
          })
          .optional()
          .describe('What tells the arms apart in the template; for `traefik` it is known from the Services.'),
        baseline: Queries.optional().describe('Own queries for the baseline.'),
        candidate: Queries.optional().describe('Own queries for the candidate.'),
        silentAfter: PositiveDuration.default('30s').describe(
          'Without a new scrape for this long the source is silent.',
        ),
        thresholds: z.array(Threshold).max(32).default([]).describe('Limits on numbers of your own, beside the tests.'),
      })
      .describe('Counters and histograms of a Prometheus.'),
  })
  .describe('Where live evidence comes from, when apps report none themselves.');

export const HealthCheck = z
  .strictObject({
    url: NonEmpty.describe('Answers 2xx while healthy; `{pod}` stands for the address of a pod of each arm.'),
    interval: PositiveDuration.default('30s').describe('Between two checks.'),
    timeout: PositiveDuration.default('5s').describe('Longest time for an answer.'),
    failures: z.int().min(1).max(100).default(3).describe('In a row, before the candidate counts as unhealthy.'),
  })
  .describe('Probes the candidate; a baseline that fails too only raises an alarm.');
