/**
 * The workload `web` under Spillway, with users at the gateway: what the tests of faults begin with, and what they ask of it.
 * The server is theirs to start, because it is theirs to kill.
 */
import type { Room } from '../../support/room.ts';
import { run } from '../../support/spillway.ts';
import { until } from '../../support/until.ts';
import type { KubeObject } from '../client/objects.ts';
import { type Cluster, openCluster } from './cluster.ts';
import { type Installation, install } from './installation.ts';
import { readPipeline, setTemplate, untilPipeline } from './pipelines.ts';
import { type RouteHistory, routeHistory } from './route-history.ts';
import { type SteadyTraffic, steadyTraffic } from './steady-traffic.ts';
import { untilServed } from './traffic.ts';
import { route, untilRolledOut, workload } from './workloads.ts';

export const NAME = 'web';
/** Enough for a verdict in seconds, and little enough for two cores that run a whole cluster. */
const PER_SECOND = 100;
/** Pods that end with the gateway's knowledge only: what breaks in these tests was broken by what is tested. */
const LEAVING = { preStop: { sleep: { seconds: 1 } } };

export interface Change {
  /** What its pods answer. */
  version: string;
  /** Id of its release. */
  release: string;
}

export interface Web {
  cluster: Cluster;
  spillway: Installation;
  host: string;
  traffic: SteadyTraffic;
  history: RouteHistory;
  /** Names that no version had before, `v2` and on. */
  nextVersion(): string;
  /** A new version, as soon as a release of it is there. */
  change(env?: Record<string, string>, version?: string): Promise<Change>;
  routeSpec(): Promise<KubeObject['spec']>;
  /** Waits until all that a release made is gone and the route says what it said in the beginning. */
  untilClean(withinMs?: number): Promise<void>;
  /** The same, whatever the route says. */
  untilGone(withinMs?: number): Promise<void>;
  /** The Release resources, oldest first. */
  releases(): Promise<KubeObject[]>;
}

export async function openWeb(room: Room): Promise<Web> {
  const cluster = await openCluster(room);
  const { namespace } = cluster;
  const spillway = await install(room, cluster);
  const host = `${namespace}.example`;
  const labels = { 'spillway.dev/gate': NAME };
  const of = { name: NAME, version: 'v1', replicas: 4, labels, container: { lifecycle: LEAVING } };
  await cluster.apply(...workload(namespace, of));
  await cluster.apply(route(namespace, NAME, { host, weights: { [NAME]: 1 } }));
  await untilRolledOut(cluster, NAME);
  await untilServed(host, { v1: 1 });
  const stop = new AbortController();
  room.atEnd(() => stop.abort());
  const history = routeHistory(cluster, NAME, stop.signal);
  const traffic = steadyTraffic(host, PER_SECOND);
  room.atEnd(() => traffic.stop());
  const routeSpec = async () => (await cluster.get('gateway.networking.k8s.io/v1', `httproutes/${NAME}`))['spec'];
  const before = JSON.stringify(await routeSpec());
  let version = 1;
  const web: Web = {
    cluster,
    spillway,
    host,
    traffic,
    history,
    nextVersion: () => `v${++version}`,
    routeSpec,
    async change(env = {}, version = web.nextVersion()) {
      const last = (await readPipeline(cluster, NAME))['status']?.release;
      await setTemplate(cluster, NAME, { version, env });
      const { status } = await untilPipeline(cluster, NAME, ({ release }) => release !== last);
      return { version, release: status!.release };
    },
    async untilGone(withinMs = 60_000) {
      const look = async () => (await leftovers(web)).length === 0;
      await until('nothing is left of the release', look, { withinMs, everyMs: 200, instead: () => leftovers(web) });
    },
    async untilClean(withinMs = 60_000) {
      const look = async () => (await leftovers(web)).length === 0 && JSON.stringify(await routeSpec()) === before;
      const instead = async () => [
        await leftovers(web),
        await routeSpec(),
        (await readPipeline(cluster, NAME))['status'],
      ];
      await until('nothing is left of the release', look, { withinMs, everyMs: 200, instead });
    },
    releases: async () =>
      (await cluster.list('spillway.dev/v1alpha1', 'releases')).sort((a, b) =>
        a.metadata.name.localeCompare(b.metadata.name),
      ),
  };
  return web;
}

/** Names of what has the labels of Spillway, and a hold on the Deployment. */
async function leftovers({ cluster }: Web): Promise<string[]> {
  const kinds = [
    ['apps/v1', 'deployments'],
    ['v1', 'services'],
    ['v1', 'pods'],
    ['networking.k8s.io/v1', 'networkpolicies'],
    ['policy/v1', 'poddisruptionbudgets'],
  ] as const;
  const lists = await Promise.all(kinds.map(([api, plural]) => cluster.list(api, plural)));
  const ours = lists.flat().filter(({ metadata }) => metadata.labels?.['spillway.dev/pipeline'] !== undefined);
  const own = await cluster.get('apps/v1', `deployments/${NAME}`);
  const held = own['spec'].paused === true || own.metadata.annotations?.['spillway.dev/held'] !== undefined;
  return [...ours.map(({ metadata }) => metadata.name), ...(held ? ['the hold on web'] : [])];
}

export interface AuditEvent {
  releaseId: string | null;
  kind: string;
  why: string;
  weightBefore: number;
  weightAfter: number;
  evidence: { phase?: { before: string; after: string }; stageIndex?: number };
}

/** All events, once `spillway audit verify` has found the chain whole. */
export async function verifiedAudit(room: Room, url: string): Promise<AuditEvent[]> {
  const verified = await run(room, ['audit', 'verify', '--server', url]);
  if (verified.exit !== 0) throw new Error(`the audit chain is broken: ${verified.stdout}${verified.stderr}`);
  const answer = await fetch(`${url}/api/v1/audit?format=jsonl`);
  const lines = (await answer.text()).split('\n').filter(line => line !== '');
  return lines.map(line => JSON.parse(line)).filter(one => 'kind' in one);
}

/** Decisions that stand on record more than once: each is made once, whatever was killed in between. */
export function doubled(events: readonly AuditEvent[]): string[] {
  const said = events
    .filter(({ kind }) => kind !== 'hold')
    // The two steps of a promotion differ in their words only.
    .map(({ releaseId, kind, why, evidence: { phase, stageIndex } }) =>
      [releaseId, kind, phase?.before, phase?.after, stageIndex, phase?.before === 'promoting' ? why : ''].join(' '),
    );
  return said.filter((one, i) => said.indexOf(one) !== i);
}

/** Beside the results, for whoever reads them. */
export const say = (line: string) => void process.stdout.write(`  ${line}\n`);
