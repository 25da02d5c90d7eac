/**
 * Workloads on Kubernetes, as the controller asks for them: each call looks at what is known, closes the gap with as few writes as
 * it takes, and says how far it is. Nothing is remembered that is not in the cluster or the store, but to save calls; so
 * any call may be the last before a crash. Nothing is waited for, and a cluster that does not answer is a finding.
 */
import type { Clock } from '../clock.ts';
import type { Log, Workloads } from '../controller/world.ts';
import { asSpillwayError } from '../errors.ts';
import type { KubeClient, OwnerReference } from '../kube/client.ts';
import { asFailure, Refusal } from '../kube/refusal.ts';
import type { Release } from '../rollout/release.ts';
import type { Store } from '../store/store.ts';
import type { Clearance } from './clearance.ts';
import type { Cluster } from './cluster.ts';
import { ensurer } from './ensure.ts';
import { type HealthChecks, healthChecks } from './health-check.ts';
import { prepareWorkload } from './prepare.ts';
import { promoteWorkload, reverseWorkload } from './promote.ts';
import { type Templates, templatesOf } from './stored-templates.ts';

export interface WorkloadOptions {
  client: KubeClient;
  store: Pick<Store, 'getVersion'>;
  clock: Clock;
  log: Log;
  cluster: Cluster;
  /** Makes the routes name the candidate, with weight 0. No call when they do. */
  attach(release: Release): Promise<{ isAttached: boolean; why: string }>;
  /** Looked at before a Service that serves another candidate yet is turned to this one. */
  isRouteClear(release: Release): Promise<Clearance>;
  /** The Pipeline resource of a release, which everything of ours belongs to. */
  owner?(release: Release): OwnerReference | undefined;
  checks?: HealthChecks;
}

/** What the parts of this room share. */
export interface Ground extends WorkloadOptions {
  ensure: ReturnType<typeof ensurer>;
  checks: HealthChecks;
  templates: Templates;
}

export interface KubernetesWorkloads extends Workloads {
  /** After the end of a release. */
  forget(releaseId: string): void;
}

export function kubernetesWorkloads(options: WorkloadOptions): KubernetesWorkloads {
  const ground: Ground = {
    ...options,
    ensure: ensurer(options.client),
    checks: options.checks ?? healthChecks({ clock: options.clock }),
    templates: templatesOf(options.store),
  };
  return {
    prepare: release => orWhyNot('the candidate was not made ready', () => prepareWorkload(release, ground)),
    promote: release => orWhyNot('the Deployment was not promoted', () => promoteWorkload(release, ground)),
    reverse: release => orWhyNot('the Deployment was not turned back', () => reverseWorkload(release, ground)),
    forget: releaseId => ground.checks.forget(releaseId),
  };
}

async function orWhyNot<T extends { isReady: boolean; why: string }>(
  what: string,
  carryOut: () => Promise<T>,
): Promise<T | { isReady: false; why: string }> {
  try {
    return await carryOut();
  } catch (error) {
    return { isReady: false, why: wordsOf(error, what) };
  }
}

/** A write that lost against another one is looked at again by the next pass. */
export function wordsOf(error: unknown, what: string): string {
  if (!(error instanceof Refusal)) return `${what}: ${asSpillwayError(error).message}`;
  const { status, message } = error;
  if (status === 409 || status === 422) return `${what}: it was changed meanwhile, or refused (${message})`;
  // Quotas and admission policies answer 403 as well, and no rule of RBAC would help.
  if (status === 403 && !/ cannot \w+ resource /.test(message))
    return `${what}: the cluster does not allow it: ${message}`;
  return asFailure(error, what).message;
}
