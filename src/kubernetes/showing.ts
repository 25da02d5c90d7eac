/**
 * What the cluster is told of a pipeline after each look: its status, and the records of its releases. A projection of what was
 * seen and of the store; nothing here decides, and what is unchanged makes no call.
 */
import type { Clock } from '../clock.ts';
import type { Controller } from '../controller/face.ts';
import type { Log } from '../controller/world.ts';
import type { KubeClient } from '../kube/client.ts';
import { isActive, type Release } from '../rollout/release.ts';
import type { Look, Subject } from './look.ts';
import type { PromptLook } from './prompt-pipeline.ts';
import { releaseResources } from './release-resources.ts';
import type { PipelineStatus } from './resource-status.ts';
import type { PipelineResource } from './resources.ts';
import type { Seen } from './status.ts';
import { statusWriter } from './status-writer.ts';
import type { Watched } from './watched.ts';

export interface ShowingOptions {
  client: KubeClient;
  cluster: Pick<Watched, 'pipelines' | 'releases' | 'trouble'>;
  controller: Pick<Controller, 'release' | 'releases'>;
  clock: Clock;
  log: Log;
  /** What a release waits for, empty for nothing; undefined where another replica runs it. */
  doubt(release: Release): string | undefined;
}

export interface Told {
  why: string;
  lastCommand?: PipelineStatus['lastCommand'];
  /** What could not be carried out. */
  trouble?: string;
}

export interface Showing {
  workload(subject: Subject, seen: Look, told: Told): Promise<void>;
  prompt(resource: PipelineResource, seen: PromptLook, problems: readonly string[]): Promise<void>;
  /** Of a document that was never right. */
  invalid(resource: PipelineResource, problems: readonly string[]): Promise<void>;
  /** When a status was written last, monotonic. */
  writtenAtMs(key: string): number;
}

export function showing(options: ShowingOptions): Showing {
  const { client, cluster, controller } = options;
  const status = statusWriter(options);
  const resources = releaseResources(client, namespace => cluster.releases.list(namespace), options.clock);

  function write(resource: PipelineResource, seen: Omit<Seen, 'generation'>): Promise<void> {
    const { namespace = 'default', name, generation = 0 } = resource.metadata;
    const { lastCommand = resource.status?.lastCommand } = seen;
    return status.write(resource, cluster.pipelines.get(namespace, name), { ...seen, generation, lastCommand });
  }

  /** One that was superseded has ended too, and is not the newest any more. */
  async function showReleases(newest: Release | undefined, resource: PipelineResource): Promise<void> {
    if (!newest) return;
    await resources.show(newest, resource);
    for (const id of resources.open(resource)) {
      const other = id === newest.id ? undefined : await controller.release(id);
      if (other && !isActive(other)) await resources.show(other, resource);
    }
  }

  return {
    writtenAtMs: key => status.writtenAtMs(key),
    async workload({ resource, artifact }, seen, told) {
      // With the newest verdict, and also when the step just begun it.
      const { releases } = await controller.releases({ artifact, limit: 1 });
      const release = releases[0] ?? seen.newest;
      const { baseline, workload, problems, gate } = seen.view;
      await write(resource, {
        ...told,
        release,
        baseline,
        applied: workload?.version,
        problems,
        gate: seen.external ? undefined : gate,
        trouble: told.trouble ?? cluster.trouble(),
        doubt: release && options.doubt(release),
      });
      await showReleases(release, resource);
    },
    async prompt(resource, { outcome, release, baseline, applied, lastCommand }, problems) {
      await write(resource, { release, baseline, applied, problems, why: outcome.why, gate: undefined, lastCommand });
      await showReleases(release, resource);
    },
    async invalid(resource, problems) {
      const why = problems[0] ?? '';
      const nothing = { release: undefined, baseline: null, applied: undefined, gate: undefined };
      await write(resource, { ...nothing, problems, why });
    },
  };
}
