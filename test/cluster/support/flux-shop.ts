/** A Kustomization of Flux: all of a team's objects out of what Flux fetches, and how it says that it stands. */
import { until } from '../../support/until.ts';
import type { KubeObject } from '../client/objects.ts';
import { type Desired, desiredState, hostOf } from './desired-state.ts';
import { type Flux, kustomizationsPath } from './flux.ts';
import { type Scene, type Team, teamOf, valuesOf } from './scene.ts';

function kustomization(namespace: string, name: string, settings: object): KubeObject {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace },
    spec: {
      interval: '3s',
      timeout: '2m',
      prune: true,
      sourceRef: { kind: 'ExternalArtifact', name },
      ...settings,
    },
  };
}

/** How a Kustomization stands. */
export interface Standing {
  /** `True`, `False` or `Unknown`, with the reason and the words. */
  ready: string;
  reason: string;
  message: string;
  applied: string | undefined;
  attempted: string | undefined;
}

function standing({ status = {} }: KubeObject): Standing {
  const conditions: { type: string; status: string; reason: string; message: string }[] = status.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  return {
    ready: ready?.status ?? 'Unknown',
    reason: ready?.reason ?? '',
    message: ready?.message ?? '',
    applied: status.lastAppliedRevision,
    attempted: status.lastAttemptedRevision,
  };
}

/** Waits until the Kustomization stands so. */
function untilStanding(
  { api, namespace }: Scene['cluster'],
  name: string,
  look: (standing: Standing) => unknown,
  withinMs = 60_000,
): Promise<Standing> {
  const read = async () => standing(await api.call('GET', `${kustomizationsPath(namespace)}/${name}`));
  return until<Standing | false>(
    `kustomization ${name}: ${look}`,
    async () => {
      const found = await read();
      return look(found) ? found : false;
    },
    { withinMs, everyMs: 100, instead: read },
  );
}

export interface Shop extends Team {
  /** How the Kustomization stood, one after another, as long as it differed. */
  stood: Standing[];
  publish(version: string, more?: Partial<Desired>): Promise<string>;
  stands(look: (standing: Standing) => unknown, withinMs?: number): Promise<Standing>;
}

export const isReady = (revision: string) => (now: Standing) => now.ready === 'True' && now.applied === revision;

export type FluxScene = Scene & { flux: Flux };

/** A Kustomization that serves v1, all of it out of what Flux fetches. */
export async function openShop(
  scene: FluxScene,
  name: string,
  settings: object,
  always: Partial<Desired> = {},
): Promise<Shop> {
  const { cluster, flux } = scene;
  const { namespace } = cluster;
  const publish: Shop['publish'] = (version, more = {}) =>
    flux.publish(name, desiredState(namespace, name, { version, ...always, ...more }));
  const stands: Shop['stands'] = (look, withinMs) => untilStanding(cluster, name, look, withinMs);
  const revision = await publish('v1');
  await cluster.apply(kustomization(namespace, name, settings));
  await stands(isReady(revision));
  const team = teamOf(cluster, name, hostOf(namespace, name));
  await team.until(({ phase }) => phase === 'serving');
  const stood = await valuesOf(scene, kustomizationsPath(namespace), name, standing);
  return { ...team, stood, publish, stands };
}

/** It has applied so often since now: it says so before each time and after it. */
export async function untilApplied({ stood }: Shop, times = 2): Promise<void> {
  const from = stood.length;
  await until(`it has applied ${times} times`, () => stood.length >= from + 2 * times, { withinMs: 30_000 });
}
