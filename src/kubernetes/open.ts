/**
 * The cluster as a server works with it: router and workloads for the engine, and the reconciler once the engine runs. A
 * cluster that does not answer keeps nobody from starting: until it has been read, candidates are waited for.
 */
import type { Clock } from '../clock.ts';
import type { Controller } from '../controller/face.ts';
import type { Log, Workloads } from '../controller/world.ts';
import { asSpillwayError } from '../errors.ts';
import type { Access } from '../kube/access.ts';
import { type KubeClient, kubeClient, type OwnerReference } from '../kube/client.ts';
import { type ArmBackends, type OperatorsPrometheus, plannedThresholds } from '../metrics/prometheus/planned-source.ts';
import type { ThresholdWatch } from '../metrics/prometheus/threshold-watch.ts';
import { isActive, type Release, workloadOf } from '../rollout/release.ts';
import type { AuditEvent, Store } from '../store/store.ts';
import type { Backend } from '../traffic/gateway/object.ts';
import { routeFeed } from '../traffic/gateway/route-feed.ts';
import { type WorkloadRouter, workloadRouter } from '../traffic/workload-router.ts';
import { type CandidateRoutes, candidateRoutes, freshlyGiven } from './candidate-routes.ts';
import { watchGate } from './detect-gate.ts';
import { clusterEvents } from './events.ts';
import type { Located } from './locate.ts';
import { type Reconciler, startReconciler } from './reconciler.ts';
import { type PipelineResource, SPILLWAY } from './resources.ts';
import { sweep } from './sweep.ts';
import { type Watched, watchCluster } from './watched.ts';
import { type KubernetesWorkloads, kubernetesWorkloads } from './workloads.ts';

export interface KubernetesOptions {
  access: Access;
  /** The only one to look at; all by default. */
  namespace?: string;
  store: Store;
  clock: Clock;
  random: () => number;
  log: Log;
  prometheus: OperatorsPrometheus;
}

export interface Kubernetes {
  router: WorkloadRouter;
  workloads: Workloads;
  /** What the route of a release splits its traffic between; undefined while that is not known. */
  backendsOf(release: Release): ArmBackends | undefined;
  /** Reads the cluster and looks after its pipelines, from here on and in the background. */
  begin(controller: Controller): void;
  /** The reconciler first: the engine may still write weights. */
  endReconciler(): Promise<void>;
  close(): Promise<void>;
}

interface Running {
  reconciler: Reconciler;
  workloads: KubernetesWorkloads;
}

export async function openKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  const { store, clock, random, log } = options;
  const client = kubeClient(options.access);
  // Followed until the router closes: what somebody does to a weight while the reconciler ends is put back too.
  const following = new AbortController();
  const routes = routeFeed({ client, namespace: options.namespace }, { clock, random }, following.signal);
  /** By release, of the newest pass: what it waits for. Known only where the release is run. */
  const doubts = new Map<string, string>();
  const isFit = (releaseId: string) => (doubts.get(releaseId) ?? '') === '';
  const router = workloadRouter({ store, client, follow: routes.follow, clock, random, log, isFit });
  await router.load();
  const stop = new AbortController();
  const thresholds = thresholdWatches(options);
  const noted = <T extends { isReady: boolean; why: string }>({ id }: Release, finding: T): T => {
    doubts.set(id, finding.isReady ? '' : finding.why);
    return finding;
  };
  let running: Running | undefined;
  let beginning: Promise<void> = Promise.resolve();
  const ended: Promise<unknown>[] = [];
  const waiting = { isReady: false, why: 'the cluster has not been read yet' };
  const located = (artifact: string, baseline?: string | null): Located | undefined =>
    running?.reconciler.located(artifact, baseline);

  async function begin(controller: Controller): Promise<void> {
    const cluster = await watchCluster({
      ...options,
      client,
      routes,
      signal: stop.signal,
      onWaiting: why => log.warn({}, `pipelines are not looked after yet: ${why}`),
    });
    ended.push(cluster.ended);
    if (stop.signal.aborted) return;
    const candidates = candidateRoutes({ client, clock, random, route: address => cluster.route(address), located });
    const gate = await watchGate(client, { clock, onChange: () => undefined }, stop.signal);
    ended.push(gate.ended);
    const workloads = workloadsOf({ client, cluster, routes: candidates }, options);
    const reconciler = startReconciler({
      ...options,
      client,
      cluster,
      controller,
      router,
      gate: gate.gate,
      doubt: ({ id, artifact }) => doubts.get(id) || (doubts.has(id) ? (router.trouble(artifact) ?? '') : undefined),
      sweep: ({ artifact, resource }, { view, newest, kubernetes }) =>
        sweep(
          {
            pipeline: resource.metadata.name,
            artifact,
            plan: kubernetes,
            baseline: view.baseline,
            ended:
              view.heldBy !== null ? view.workload?.version : newest && !isActive(newest) ? newest.version : undefined,
            gate: view.gate,
          },
          {
            client,
            store,
            clock,
            log,
            cluster,
            isRouteClear: async () => candidates.clearance(artifact, kubernetes),
            detach: () => candidates.detach(artifact, kubernetes),
            whyNotDeleted: async () =>
              (await store.activeRelease(artifact))
                ? 'a release has begun meanwhile'
                : freshlyGiven(located(artifact), { client }),
          },
        ),
    });
    running = { reconciler, workloads };
    const events = clusterEvents(client, { clock });
    controller.onEvent(event => {
      const pipeline = event.type === 'audit' && pipelineOf(event.event, cluster);
      if (event.type === 'audit' && pipeline) events.tell(event.event, pipeline);
      if (event.type !== 'release' || isActive(event.release)) return;
      workloads.forget(event.release.id);
      doubts.delete(event.release.id);
      thresholds.forget(event.release.id);
    });
  }

  return {
    router,
    workloads: {
      prepare: async release =>
        noted(release, thresholds.judge(release, (await running?.workloads.prepare(release)) ?? waiting)),
      promote: async release => noted(release, (await running?.workloads.promote(release)) ?? waiting),
      reverse: async release => (await running?.workloads.reverse(release)) ?? waiting,
    },
    backendsOf: release =>
      backendsOf(located(release.artifact, release.baseline), workloadOf(release)?.namespace ?? 'default'),
    begin(controller) {
      beginning = begin(controller).catch((error: unknown) => {
        const { code, message } = asSpillwayError(error);
        log.error({ code }, `the cluster cannot be looked after: ${message}`);
      });
    },
    async endReconciler() {
      stop.abort();
      await beginning;
      await running?.reconciler.end();
    },
    async close() {
      await Promise.all(ended);
      thresholds.close();
      await router.close();
      following.abort();
      await routes.ended;
      await client.close();
    },
  };
}

/** A workload's is named like its artifact; that of a prompt says in its status what it released last. */
function pipelineOf({ artifact, releaseId }: AuditEvent, { pipelines }: Watched): PipelineResource | undefined {
  const [namespace = '', name] = artifact.split('.');
  if (name !== undefined) return pipelines.get(namespace, name);
  return pipelines.list().find(({ status }) => releaseId !== null && status?.release === releaseId);
}

function workloadsOf(
  { client, cluster, routes }: { client: KubeClient; cluster: Watched; routes: CandidateRoutes },
  { store, clock, log }: KubernetesOptions,
): KubernetesWorkloads {
  const owner = (release: Release): OwnerReference | undefined => {
    const { namespace = 'default' } = workloadOf(release) ?? {};
    const uid = cluster.pipelines.get(namespace, release.pipeline)?.metadata.uid;
    return uid === undefined
      ? undefined
      : { apiVersion: `${SPILLWAY}/v1alpha1`, kind: 'Pipeline', name: release.pipeline, uid };
  };
  return kubernetesWorkloads({
    client,
    store,
    clock,
    log,
    cluster,
    owner,
    attach: release => routes.attach(release.artifact),
    isRouteClear: async release => routes.clearance(release.artifact),
  });
}

/** Only Services are counted by gateways under names that are known. */
function backendsOf(place: Located | undefined, namespace: string): ArmBackends | undefined {
  if (!place) return undefined;
  const { baseline, candidate, routes } = place;
  const isGrpc = routes.every(({ kind }) => kind === 'GRPCRoute');
  const of = ({ kind = 'Service', name, namespace: own, port }: Backend) =>
    kind === 'Service' && port !== undefined ? { namespace: own ?? namespace, service: name, port, isGrpc } : undefined;
  const [of1, of2] = [of(baseline), of(candidate)];
  return of1 && of2 ? { baseline: of1, candidate: of2 } : undefined;
}

/** Limits of users on numbers of theirs, looked at in the background for as long as a release is exposed. */
function thresholdWatches({ clock, log, prometheus }: KubernetesOptions) {
  const watches = new Map<string, ThresholdWatch | undefined>();

  function watchOf({ id, plan }: Release): ThresholdWatch | undefined {
    if (watches.has(id)) return watches.get(id);
    let watch: ThresholdWatch | undefined;
    try {
      watch = plan.metrics && plannedThresholds(plan.metrics.prometheus, prometheus);
    } catch (error) {
      log.warn(
        { release: id, code: asSpillwayError(error).code },
        `its thresholds are not watched: ${asSpillwayError(error).message}`,
      );
    }
    watches.set(id, watch);
    return watch;
  }

  const forget = (id: string) => {
    void watches.get(id)?.close();
    watches.delete(id);
  };
  return {
    judge<T extends { isReady: boolean; why: string; unhealthy?: string }>(release: Release, finding: T): T {
      const unhealthy = watchOf(release)?.look(clock.monotonicMs()).unhealthy;
      if (unhealthy === undefined || finding.unhealthy !== undefined) return finding;
      return { ...finding, isReady: false, why: unhealthy, unhealthy };
    },
    forget,
    close() {
      for (const id of [...watches.keys()]) forget(id);
    },
  };
}
