/** An application of Argo CD: all of a team's objects out of a repository, and what its user interface shows of them. */
import { until } from '../../support/until.ts';
import type { KubeObject } from '../client/objects.ts';
import { type Desired, desiredState, hostOf } from './desired-state.ts';
import { documented, GATE_PAGE } from './documented.ts';
import { BRANCH, openRepository } from './git-repository.ts';
import { type Scene, type Team, teamOf, valuesOf } from './scene.ts';

export interface SyncOptions {
  /** Those that the page tells; they are there by default. */
  hasSettings?: boolean;
  syncOptions?: readonly string[];
}

/** Synced by itself, and back when somebody else changes what is in Git. */
function application(
  { namespace }: Scene['cluster'],
  { name, url, hasSettings = true, syncOptions = [] }: SyncOptions & { name: string; url: string },
): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace },
    spec: {
      project: 'default',
      source: { repoURL: url, path: '.', targetRevision: BRANCH },
      destination: { server: 'https://kubernetes.default.svc', namespace },
      syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions },
      ...(hasSettings ? documented(GATE_PAGE, 'Application') : {}),
    },
  };
}

/** What its user interface shows of an application. */
export interface Shown {
  sync: string;
  health: string;
  /** Of the last synchronisation, with the commit that it brought. */
  operation: { phase: string; revision: string; message: string };
  /** By `Kind/name`. */
  resources: Record<string, { sync: string; health: string | undefined; message: string | undefined }>;
  /** When it last compared. */
  comparedAt: string;
}

function shown({ status = {} }: KubeObject): Shown {
  const { sync, health, operationState, resources = [], reconciledAt } = status;
  // biome-ignore lint/suspicious/noExplicitAny: as Argo CD writes it
  const of = ({ kind, name, status, health }: any) => [
    `${kind}/${name}`,
    { sync: status, health: health?.status, message: health?.message },
  ];
  return {
    sync: sync?.status,
    health: health?.status,
    operation: {
      phase: operationState?.phase,
      revision: operationState?.syncResult?.revision ?? operationState?.operation?.sync?.revision,
      message: operationState?.message,
    },
    resources: Object.fromEntries(resources.map(of)),
    comparedAt: reconciledAt,
  };
}

export const applicationsPath = (namespace: string) =>
  `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/applications`;

/** Waits until the application is shown so. */
function untilShown(
  { api, namespace }: Scene['cluster'],
  name: string,
  look: (shown: Shown) => unknown,
  withinMs = 90_000,
): Promise<Shown> {
  const read = async () => shown(await api.call('GET', `${applicationsPath(namespace)}/${name}`));
  return until<Shown | false>(
    `application ${name}: ${look}`,
    async () => {
      const found = await read();
      return look(found) ? found : false;
    },
    { withinMs, everyMs: 100, instead: read },
  );
}

export const isSettled = ({ sync, health }: Shown) => sync === 'Synced' && health === 'Healthy';

export interface Shop extends Team {
  /** What its user interface showed, one after another, as long as it differed. */
  states: string[];
  commit(version: string, more?: Partial<Desired>): string;
  shows(look: (shown: Shown) => unknown, withinMs?: number): Promise<Shown>;
  /** Commits it, and waits until Argo CD has brought it to the cluster. */
  sync(version: string, more?: Partial<Desired>): Promise<Shown>;
}

/** An application that serves v1, all of it out of Git. */
export async function openShop(scene: Scene, name: string, options: SyncOptions = {}): Promise<Shop> {
  const { cluster, room } = scene;
  const { namespace } = cluster;
  const git = openRepository(room);
  const commit: Shop['commit'] = (version, more = {}) =>
    git.commit(desiredState(namespace, name, { version, ...more }));
  const shows: Shop['shows'] = (look, withinMs) => untilShown(cluster, name, look, withinMs);
  const first = commit('v1');
  await cluster.apply(application(cluster, { name, url: git.url, ...options }));
  await shows(now => isSettled(now) && now.operation.revision === first);
  const states = await valuesOf(scene, applicationsPath(namespace), name, object => {
    const { sync, health } = shown(object);
    return `${sync} ${health}`;
  });
  return {
    ...teamOf(cluster, name, hostOf(namespace, name)),
    states,
    commit,
    shows,
    sync(version, more) {
      const revision = commit(version, more);
      return shows(({ operation }) => operation.revision === revision && operation.phase === 'Succeeded');
    },
  };
}

/** Argo CD has compared so often since now, and healed where it wanted to. */
export async function untilCompared({ shows }: Shop, times = 2): Promise<void> {
  for (let i = 0; i < times; i++) {
    const { comparedAt } = await shows(() => true);
    await shows(now => now.comparedAt !== comparedAt);
  }
}
