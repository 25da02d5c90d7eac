/**
 * The rules of a Kubernetes target that span several fields, as a table: what is wrong, at which field, and the same condition
 * in CEL, so that `spillway lint` and `kubectl apply` refuse the same documents with the same words. Cautious: they read the
 * raw value, in which anything may stand.
 */
import type { Report } from './check.ts';
import { valueAt } from './source.ts';

export interface SpanningRule {
  /** Below `spec`, where the problem is shown. */
  at: readonly string[];
  message: string;
  /** Whether the spec breaks the rule. */
  isBroken(has: (...path: string[]) => boolean, at: (...path: string[]) => unknown): boolean;
  /** What holds for a good `spec`, as CEL over `self`. */
  cel: string;
}

const K = ['target', 'kubernetes'] as const;
const P = ['metrics', 'prometheus'] as const;
const isExternal = (at: (...path: string[]) => unknown) => at(...K, 'workload') === 'external';
const onKubernetes = '!has(self.target.kubernetes)';
const external = "self.target.kubernetes.workload == 'external'";
const k = (field: string) => `has(self.target.kubernetes.${field})`;
const p = (field: string) => `has(self.metrics.prometheus.${field})`;
const noSource = '!has(self.metrics)';

export const SPANNING_RULES: readonly SpanningRule[] = [
  {
    at: ['target'],
    message: 'must name one target: `prompt` or `kubernetes`',
    isBroken: has => has('target') && has('target', 'prompt') === has(...K),
    cel: 'has(self.target.prompt) != has(self.target.kubernetes)',
  },
  {
    at: K,
    message: 'must name `route`, or `routes`, and not both',
    isBroken: has => has(...K) && has(...K, 'route') === has(...K, 'routes'),
    cel: `${onKubernetes} || ${k('route')} != ${k('routes')}`,
  },
  {
    at: K,
    message:
      'must name its `deployment`, and neither `baseline`, `candidate` nor `version`: those are of `workload: external`',
    isBroken: (has, at) =>
      has(...K) &&
      !isExternal(at) &&
      (!has(...K, 'deployment') || ['baseline', 'candidate', 'version'].some(field => has(...K, field))),
    cel: `${onKubernetes} || ${external} || (${k('deployment')} && !${k('baseline')} && !${k('candidate')} && !${k('version')})`,
  },
  {
    at: K,
    message:
      'must name `baseline`, `candidate` and `version`, and neither `deployment` nor `service`: its workload is external',
    isBroken: (has, at) =>
      has(...K) &&
      isExternal(at) &&
      (['baseline', 'candidate', 'version'].some(field => !has(...K, field)) ||
        ['deployment', 'service'].some(field => has(...K, field))),
    cel: `${onKubernetes} || !(${external}) || (${k('baseline')} && ${k('candidate')} && ${k('version')} && !${k('deployment')} && !${k('service')})`,
  },
  {
    at: [...K, 'probe'],
    message: 'must name `header`, or `json`, and not both',
    isBroken: has => has(...K, 'probe') && has(...K, 'probe', 'header') === has(...K, 'probe', 'json'),
    cel: `${onKubernetes} || !${k('probe')} || ${k('probe.header')} != ${k('probe.json')}`,
  },
  {
    at: ['metrics'],
    message: 'is required with `target.kubernetes`: gateways count requests, so name a Prometheus',
    isBroken: has => has(...K) && !has('target', 'prompt') && !has('metrics'),
    cel: `${onKubernetes} || has(self.target.prompt) || has(self.metrics)`,
  },
  {
    at: ['metrics'],
    message: 'belongs to `target.kubernetes`; apps report the outcomes of a prompt themselves',
    isBroken: has => has('target', 'prompt') && has('metrics'),
    cel: `!has(self.target.prompt) || ${noSource}`,
  },
  {
    at: P,
    message: 'must name a `template`, or own queries for `baseline` and `candidate`, and not both',
    isBroken: has =>
      has(...P) &&
      (has(...P, 'template')
        ? has(...P, 'baseline') || has(...P, 'candidate')
        : !has(...P, 'baseline') || !has(...P, 'candidate')),
    cel: `${noSource} || (${p('template')} ? !${p('baseline')} && !${p('candidate')} : ${p('baseline')} && ${p('candidate')})`,
  },
  {
    at: [...P, 'labels'],
    message: 'are required with this template: they tell the arms apart',
    isBroken: (has, at) =>
      has(...P, 'template') && at(...P, 'template') !== 'traefik' && has(...P) && !has(...P, 'labels'),
    cel: `${noSource} || !${p('template')} || self.metrics.prometheus.template == 'traefik' || ${p('labels')}`,
  },
  {
    at: [...P, 'thresholds'],
    message: 'must each have `max`, `min`, or both',
    isBroken: (_has, at) => {
      const thresholds = at(...P, 'thresholds');
      const hasLimit = (one: unknown) => ['max', 'min'].some(side => valueAt(one, [side]) !== undefined);
      return Array.isArray(thresholds) && !thresholds.every(hasLimit);
    },
    cel: `${noSource} || !${p('thresholds')} || self.metrics.prometheus.thresholds.all(one, has(one.max) || has(one.min))`,
  },
  {
    at: ['test', 'suites'],
    message: 'are run for prompts; a workload has none. Remove them',
    isBroken: (has, at) => {
      const suites = at('test', 'suites');
      return has(...K) && Array.isArray(suites) && suites.length > 0;
    },
    cel: `${onKubernetes} || !has(self.test) || !has(self.test.suites) || size(self.test.suites) == 0`,
  },
  {
    at: ['rollback', 'healthCheck'],
    message:
      'is not supported for prompts in this version of Spillway (NOT_SUPPORTED); remove it, nothing would act on it',
    isBroken: has => has('target', 'prompt') && has('rollback', 'healthCheck'),
    cel: '!has(self.target.prompt) || !has(self.rollback) || !has(self.rollback.healthCheck)',
  },
];

export function spanningRules(document: unknown, report: Report): void {
  const at = (...path: string[]) => valueAt(document, ['spec', ...path]);
  const has = (...path: string[]) => at(...path) !== undefined;
  for (const rule of SPANNING_RULES) if (rule.isBroken(has, at)) report(['spec', ...rule.at], rule.message);
}
