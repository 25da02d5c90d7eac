/**
 * A cluster with Spillway in it, and teams that use it: each with a Deployment, a Service, a route and a pipeline of its own, so
 * that several go their ways in one namespace. Releases of a team move by its commands alone, unless it wishes otherwise: no
 * traffic is sent, so there is no evidence, and a stage without evidence holds.
 */
import { openRoom, type Room } from '../../support/room.ts';
import type { ServerProcess } from '../../support/spillway.ts';
import { until } from '../../support/until.ts';
import type { KubeObject } from '../client/objects.ts';
import { type Cluster, openCluster } from './cluster.ts';
import { type Installation, type InstallationOptions, install } from './installation.ts';
import { pipeline, readPipeline, setTemplate, untilPipeline, type Wishes } from './pipelines.ts';
import { route, untilRolledOut, type Weights, type Workload, workload } from './workloads.ts';

export interface Scene {
  room: Room;
  cluster: Cluster;
  spillway: Installation;
  server: ServerProcess;
  team(name: string, options?: TeamOptions): Promise<Team>;
}

export interface TeamOptions extends Omit<Workload, 'name' | 'version'> {
  wishes?: Wishes;
  /** Of the route's backends at the start; the team's own Service alone by default. */
  weights?: Weights;
}

type Status = NonNullable<KubeObject['status']>;

export interface Team {
  name: string;
  host: string;
  /** As `kubectl set image` does it; does not wait. */
  change(version: string, env?: Record<string, string>): Promise<KubeObject>;
  /** Writes the annotation as `kubectl annotate` does, and waits for the answer. */
  ask(command: string, reason?: string): Promise<{ command: string; actor: string; result: string }>;
  until(look: (status: Status) => unknown, withinMs?: number): Promise<Status>;
  status(): Promise<Status>;
  deployment(): Promise<KubeObject>;
  /** The image's tag in the Deployment's template. */
  template(): Promise<string>;
  /** By backend, in the first rule. */
  weights(): Promise<Record<string, number>>;
  /** Names of Deployments, Services and pods that Spillway made for it and are there. */
  leftovers(): Promise<string[]>;
  /** Waits until the route is as it was made and nothing of Spillway's is left. */
  untilClean(): Promise<void>;
}

export const STAGES = [{ weight: 25 }, { weight: 50 }, { weight: 100 }];

export async function openScene(options: InstallationOptions = {}): Promise<Scene> {
  const room = openRoom();
  try {
    const cluster = await openCluster(room);
    const spillway = await install(room, cluster, options);
    const server = await spillway.start();
    room.atEnd(() => removePipelines(cluster));
    return { room, cluster, spillway, server, team: (name, of) => openTeam(cluster, name, of) };
  } catch (error) {
    await room.end();
    throw error;
  }
}

/** While a server is there: one that is deleted without it would wait for ever, and its namespace too. */
async function removePipelines(cluster: Cluster): Promise<void> {
  const path = `/apis/spillway.dev/v1alpha1/namespaces/${cluster.namespace}/pipelines`;
  await cluster.api.call('DELETE', path);
  const left = async () => (await cluster.list('spillway.dev/v1alpha1', 'pipelines')).map(({ metadata }) => metadata);
  await until('no pipeline is left', async () => (await left()).length === 0, {
    withinMs: 60_000,
    everyMs: 200,
    instead: left,
  });
}

async function openTeam(cluster: Cluster, name: string, options: TeamOptions = {}): Promise<Team> {
  const { wishes, weights = { [name]: 1 }, ...of } = options;
  const { namespace } = cluster;
  const host = `${name}.${namespace}.example`;
  const labels = { 'spillway.dev/gate': name, ...of.labels };
  await cluster.apply(...workload(namespace, { replicas: 2, ...of, name, version: 'v1', labels }));
  await cluster.apply(route(namespace, name, { host, weights }));
  await untilRolledOut(cluster, name);
  const wanted = { stages: STAGES, bake: '10m', stage: { hold: '1s', timeout: '10m', minSamples: 20 }, ...wishes };
  await cluster.apply(pipeline(namespace, name, wanted));
  const team = teamOf(cluster, name, host);
  await team.until(({ phase }) => phase === 'serving');
  return team;
}

export function teamOf(cluster: Cluster, name: string, host: string): Team {
  const path = `/apis/spillway.dev/v1alpha1/namespaces/${cluster.namespace}/pipelines/${name}`;
  const refs = async () => (await cluster.get('gateway.networking.k8s.io/v1', `httproutes/${name}`))['spec'].rules[0];
  const weights = async () =>
    Object.fromEntries(
      (await refs()).backendRefs.map(({ name, weight = 1 }: { name: string; weight?: number }) => [name, weight]),
    );
  const ours = async (apiVersion: string, what: string) =>
    (await cluster.list(apiVersion, `${what}?labelSelector=spillway.dev%2Fpipeline%3D${name}`)).map(
      ({ metadata }) => `${what}/${metadata.name}`,
    );
  const leftovers = async () => [
    ...(await ours('apps/v1', 'deployments')),
    ...(await ours('v1', 'services')),
    ...(await ours('v1', 'pods')),
  ];
  const deployment = () => cluster.get('apps/v1', `deployments/${name}`);
  const status = async () => (await readPipeline(cluster, name))['status'] ?? {};
  return {
    name,
    host,
    change: (version, env = {}) => setTemplate(cluster, name, { version, env }),
    async ask(command, reason) {
      const before = (await status())['lastCommand']?.at;
      const annotations = {
        'spillway.dev/command': command,
        ...(reason === undefined ? {} : { 'spillway.dev/reason': reason }),
      };
      // Right after the definition was made the policies do not know the kind yet, and the API server says so (503).
      await until('the annotation is taken', () => cluster.api.patch(path, 'merge', { metadata: { annotations } }));
      const now = await untilPipeline(
        cluster,
        name,
        ({ lastCommand }) => lastCommand && lastCommand.at !== before && lastCommand.command === command,
      );
      return now['status'].lastCommand;
    },
    until: async (look, withinMs) => (await untilPipeline(cluster, name, look, withinMs))['status'],
    status,
    deployment,
    template: async () => (await deployment())['spec'].template.spec.containers[0].image.split(':')[1],
    weights,
    leftovers,
    async untilClean() {
      const there = async () => [...(await leftovers()), ...Object.keys(await weights())];
      await until(
        `nothing of ${name} is left`,
        async () => {
          const left = await leftovers();
          const named = Object.keys(await weights());
          return left.length === 0 && !named.includes(`${name}-candidate`);
        },
        { withinMs: 40_000, everyMs: 200, instead: there },
      );
    },
  };
}

/** Waits until the route gives the candidate this many percent of the pair's weight. */
export function untilRouted(team: Team, percent: number): Promise<unknown> {
  const share = async () => {
    const { [team.name]: stable = 0, [`${team.name}-candidate`]: candidate = 0 } = await team.weights();
    return Math.round((100 * candidate) / (stable + candidate));
  };
  return until(`${team.name} gives ${percent} %`, async () => (await share()) === percent, {
    withinMs: 40_000,
    everyMs: 100,
    instead: async () => [await team.weights(), await team.status()],
  });
}

/** Every value that an object takes from now on, as a watch brings them; each once in a row. */
export async function valuesOf<T>(
  { room, cluster }: Scene,
  path: string,
  name: string,
  of: (object: KubeObject) => T,
): Promise<T[]> {
  const stop = new AbortController();
  const seen: T[] = [];
  const watching = (async () => {
    for await (const { object, type } of cluster.api.watch(
      `${path}?watch=true&fieldSelector=metadata.name%3D${name}`,
      stop.signal,
    )) {
      if (type === 'BOOKMARK') continue;
      const value = of(object);
      if (JSON.stringify(value) !== JSON.stringify(seen.at(-1))) seen.push(value);
    }
  })().catch(() => undefined);
  room.atEnd(async () => {
    stop.abort();
    await watching;
  });
  await until('the watch brings the first', () => seen.length > 0);
  return seen;
}

/** Of the candidate in the first rule, as the route says it from now on. */
export function weightsSeen(scene: Scene, { name }: Team): Promise<number[]> {
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${scene.cluster.namespace}/httproutes`;
  return valuesOf(scene, path, name, ({ spec }) => {
    const refs: { name: string; weight?: number }[] = spec.rules[0].backendRefs;
    return refs.find(ref => ref.name === `${name}-candidate`)?.weight ?? 0;
  });
}

/** What the server's audit trail has of a kind. */
// biome-ignore lint/suspicious/noExplicitAny: events are looked into field by field
export async function auditOf({ server }: Pick<Scene, 'server'>, kind: string): Promise<any[]> {
  const lines = (await (await fetch(`${server.url}/api/v1/audit?format=jsonl`)).text()).trim().split('\n');
  return lines
    .filter(Boolean)
    .map(line => JSON.parse(line))
    .filter(event => event.kind === kind);
}

/** As the server tells it. */
// biome-ignore lint/suspicious/noExplicitAny: releases are looked into field by field
export async function releaseOf({ server }: Pick<Scene, 'server'>, id: string): Promise<any> {
  return (await fetch(`${server.url}/api/v1/releases/${id}`)).json();
}
