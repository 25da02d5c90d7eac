/**
 * From `spec.metrics.prometheus` of a plan to what is asked, and where. Whoever may write a pipeline may name an address in it, so the
 * server's token goes to the origin that the operator named, and to no other. Every refusal says which field to change.
 */
import type { PrometheusPlan } from '../../config/plan.ts';
import { SpillwayError } from '../../errors.ts';
import type { MetricSource } from '../metric-source.ts';
import { type PrometheusClient, type PrometheusOptions, prometheusClient } from './client.ts';
import type { SourceQueries } from './scrape.ts';
import { prometheusSource } from './source.ts';
import { type Backend, SHAPES, type TemplateName, templateQueries, traefikService } from './templates.ts';
import { type ThresholdWatch, thresholdWatch } from './threshold-watch.ts';

/** The two that a route splits its traffic between. */
export interface ArmBackends {
  baseline: Backend;
  candidate: Backend;
}

/** Of the server's environment. */
export interface OperatorsPrometheus {
  prometheusUrl?: string;
  prometheusToken?: string;
}

/**
 * @param backends those of the release's route; only the template `traefik` without `labels` needs them
 * @param position where an earlier source of this release stood
 * @throws SpillwayError CONFIG_INVALID: no address, an unknown template, or arms that nothing tells apart
 */
export function plannedSource(
  plan: PrometheusPlan,
  operators: OperatorsPrometheus,
  backends: ArmBackends | undefined,
  position?: Uint8Array,
): MetricSource {
  const queries = plannedQueries(plan, backends);
  const client = plannedClient(plan, operators);
  try {
    return prometheusSource(client, queries, position);
  } catch (error) {
    void client.close().catch(() => undefined);
    throw wrong('metrics.prometheus', error);
  }
}

/** Undefined without thresholds. @throws SpillwayError CONFIG_INVALID without an address */
export function plannedThresholds(plan: PrometheusPlan, operators: OperatorsPrometheus): ThresholdWatch | undefined {
  if (plan.thresholds.length === 0) return undefined;
  // A client of its own: it asks one thing at a time, and slow queries of a user must not hold up the evidence.
  return thresholdWatch(plannedClient(plan, operators), plan.thresholds);
}

/** @throws SpillwayError CONFIG_INVALID */
export function plannedQueries({ queries }: PrometheusPlan, backends: ArmBackends | undefined): SourceQueries {
  if ('own' in queries) return distinct(queries.own);
  const { template, labels } = queries;
  if (!isTemplate(template))
    throw invalid(
      `spec.metrics.prometheus.template is ${template}; it must be one of ${Object.keys(SHAPES).join(', ')}`,
      {
        hint: 'Take one of them, or write own queries for baseline and candidate.',
      },
    );
  try {
    return templateQueries(template, labels ?? labelsFrom(template, backends));
  } catch (error) {
    throw wrong('metrics.prometheus.labels', error);
  }
}

function labelsFrom(template: TemplateName, backends: ArmBackends | undefined) {
  if (template !== 'traefik')
    throw invalid(`The template ${template} needs spec.metrics.prometheus.labels, which tell the arms apart`, {
      hint: 'Write the labels of each arm in labels.baseline and labels.candidate.',
    });
  if (!backends)
    throw invalid('The backends of the route are not known yet, and Traefik counts requests by them', {
      hint: 'Check that the route of spec.target.kubernetes exists and names the Service; or write spec.metrics.prometheus.labels.',
    });
  return { baseline: traefikService(backends.baseline), candidate: traefikService(backends.candidate) };
}

function distinct(own: SourceQueries): SourceQueries {
  if (own.baseline.requests.trim() !== own.candidate.requests.trim()) return own;
  throw invalid(`Both arms are ${own.baseline.requests}: nothing tells them apart`, {
    hint: 'Give spec.metrics.prometheus.candidate.requests a label that only the candidate’s series have.',
  });
}

/** @throws SpillwayError CONFIG_INVALID without an address, and for one that is no http or https URL */
export function plannedClient(plan: PrometheusPlan, operators: OperatorsPrometheus): PrometheusClient {
  return prometheusClient(plannedAddress(plan, operators));
}

/** @throws SpillwayError CONFIG_INVALID without an address */
export function plannedAddress(
  { url: own }: PrometheusPlan,
  { prometheusUrl, prometheusToken }: OperatorsPrometheus,
): PrometheusOptions {
  const url = own ?? prometheusUrl;
  if (url === undefined)
    throw invalid('Neither spec.metrics.prometheus.url nor SPILLWAY_PROMETHEUS_URL says where Prometheus is', {
      hint: 'Start the server with SPILLWAY_PROMETHEUS_URL, or write spec.metrics.prometheus.url.',
    });
  const isTheirs = own === undefined || isSameOrigin(own, prometheusUrl);
  return isTheirs && prometheusToken !== undefined ? { url, token: prometheusToken } : { url };
}

/** Scheme, host and port: what a token is for. An address with a user in it brings credentials of its own. */
function isSameOrigin(own: string, operators: string | undefined): boolean {
  if (operators === undefined || !URL.canParse(own) || !URL.canParse(operators)) return false;
  const { origin, username, protocol } = new URL(own);
  return username === '' && /^https?:$/.test(protocol) && origin === new URL(operators).origin;
}

const isTemplate = (name: string): name is TemplateName => Object.hasOwn(SHAPES, name);

function invalid(message: string, { hint }: { hint: string }): SpillwayError {
  return new SpillwayError('CONFIG_INVALID', message, { hint });
}

/** A RangeError of what is below says what is wrong; here is said where. */
function wrong(field: string, error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  return new SpillwayError('CONFIG_INVALID', `spec.${field}: ${error.message}`, {
    cause: error,
    hint: 'Change that field of the pipeline.',
  });
}
