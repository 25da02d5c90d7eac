/**
 * Puts the parts together on one machine: the only place that picks adapters. `serve`, `release` without a server and the
 * demo all run this same host, so that what is tried on a laptop is what runs in production.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import type { Environment } from '../config/environment.ts';
import { createController, type DrivenController } from '../controller/controller.ts';
import { evidenceFolder } from '../controller/evidence.ts';
import { intervalFolder } from '../controller/interval-evidence.ts';
import { suiteRunner } from '../controller/run-suites.ts';
import type { Log, World } from '../controller/world.ts';
import { SpillwayError } from '../errors.ts';
import type { Access } from '../kube/access.ts';
import type { Kubernetes } from '../kubernetes/open.ts';
import { outcomeIntake } from '../metrics/intake.ts';
import type { MetricSource } from '../metrics/metric-source.ts';
import { plannedSource } from '../metrics/prometheus/planned-source.ts';
import { type Release, workloadOf } from '../rollout/release.ts';
import { knownArtifact } from '../server/known-artifact.ts';
import { startServer } from '../server/serve.ts';
import { openJournal } from '../store/journal.ts';
import { lockFolder } from '../store/server-lock.ts';
import type { Store } from '../store/store.ts';
import { promptRegistry } from '../traffic/registry.ts';
import { splitRouter } from '../traffic/split-router.ts';
import { tryToAnnounce, withdraw } from './announcement.ts';
import { serverEndpointFrom } from './endpoint.ts';
import { leaseOwner, openStore } from './open-store.ts';

/** Where apps look for Spillway unless they are told otherwise. */
export const DEFAULT_PORT = 8085;

export interface HostOptions {
  /** Data folder, `.spillway` by default. */
  folder: string;
  /** Address of a PostgreSQL database that takes the place of the folder's SQLite, for several replicas. */
  database?: string;
  host: string;
  /** 0 takes a free one. */
  port: number;
  token?: string;
  /** Where the rollback journal lies; another file system than the data's survives a full disk there. */
  journal?: string;
  /** Where the suites' provider is reached, which other hosts a suite may name, and with which keys. */
  environment: Environment;
  log: Log;
  clock?: Clock;
  /** A cluster whose workloads are released; all namespaces, unless one is named. */
  kube?: { access: Access; namespace?: string };
}

export interface Host {
  url: string;
  store: Store;
  controller: DrivenController;
  /** Stops in the order that loses nothing: no new requests, passes end, leases go back, files close. */
  close(): Promise<void>;
}

export async function openHost(options: HostOptions): Promise<Host> {
  const { log, clock = systemClock } = options;
  const folder = resolve(options.folder);
  makeFolder(folder);
  const undo: (() => unknown)[] = [];
  try {
    const lock = lockFolder(folder);
    undo.push(() => lock.release());
    const where = { data: folder, ...(options.database === undefined ? {} : { database: options.database }) };
    const store = await openStore(where, { clock });
    undo.push(() => store.close());
    const journal = openJournal(options.journal ?? join(folder, 'rollback.journal'));
    undo.push(() => journal.close());
    const registry = promptRegistry({ store, clock });
    await registry.load();
    const cluster = await openCluster(options, { store, clock });
    undo.push(() => cluster?.close());
    const world: Omit<World, 'runTests' | 'openEvidence'> = {
      store,
      router: splitRouter(registry, cluster?.router),
      journal: journal as World['journal'],
      clock,
      log,
      owner: leaseOwner(where),
      newId: prefix => newId(prefix, clock),
    };
    const controller = createController({
      ...world,
      ...(cluster ? { workloads: cluster.workloads } : {}),
      runTests: suiteRunner({
        store,
        clock,
        log,
        endpointOf: serverEndpointFrom(options.environment),
        random: Math.random,
      }),
      openEvidence: release =>
        workloadOf(release)
          ? intervalFolder(release, {
              ...world,
              sourceFor: sourceOf(options, cluster),
              wake: artifact => controller.wake(artifact),
            })
          : evidenceFolder(release, world),
    });
    const intake = outcomeIntake({
      store,
      clock,
      known: artifact => knownArtifact(registry.assignment(artifact)),
      onStored: artifact => controller.wake(artifact),
    });
    await controller.start();
    undo.push(() => controller.stop());
    cluster?.begin(controller);
    undo.push(() => cluster?.endReconciler());
    const server = await startServer({
      controller,
      registry,
      store,
      intake,
      clock,
      log,
      host: options.host,
      port: options.port,
      ...(options.token === undefined ? {} : { token: options.token }),
    });
    undo.push(() => server.close());
    undo.push(() => withdraw(folder));
    tryToAnnounce(folder, { url: server.url, pid: process.pid }, options.token, log);
    return { url: server.url, store, controller, close: () => unwind(undo) };
  } catch (error) {
    await unwind(undo);
    throw error;
  }
}

/** Loaded when it is asked for, so that nobody else pays for it. */
async function openCluster(
  { kube, log, environment }: HostOptions,
  parts: { store: Store; clock: Clock },
): Promise<Kubernetes | undefined> {
  if (!kube) return undefined;
  const { openKubernetes } = await import('../kubernetes/open.ts');
  return openKubernetes({ ...kube, ...parts, log, random: Math.random, prometheus: environment });
}

function sourceOf({ environment }: HostOptions, cluster: Kubernetes | undefined) {
  return (release: Release, position?: Uint8Array): MetricSource => {
    const { metrics } = release.plan;
    if (metrics) return plannedSource(metrics.prometheus, environment, cluster?.backendsOf(release), position);
    throw new SpillwayError('CONFIG_INVALID', `The pipeline of ${release.artifact} names no source of metrics`, {
      hint: 'Write spec.metrics.prometheus: gateways count requests, and nobody reports them.',
    });
  };
}

/** Every step is taken, also after one that failed: a lock that is kept would keep the next server out. */
async function unwind(undo: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new SpillwayError(
      'STORE_UNAVAILABLE',
      `The data folder ${folder} cannot be made: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** `<prefix>_<time in base 36><chance>`: sorts by time, needs no coordination. */
function newId(prefix: string, clock: Clock): string {
  return `${prefix}_${clock.nowMs().toString(36).padStart(9, '0')}${randomBytes(5).toString('hex')}`;
}
