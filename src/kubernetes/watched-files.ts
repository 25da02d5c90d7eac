/**
 * The ConfigMaps that pipelines name for their files, each watched by its name: a changed prompt is seen at once, and the cluster's
 * other ConfigMaps, which are many and may hold anything, are never read.
 */
import type { KubeClient } from '../kube/client.ts';
import { follow } from '../kube/follow.ts';
import type { Time } from '../kube/pause.ts';

export interface WatchedFiles {
  /** From now on `onChange` is called when that object changes, comes or goes; undefined: the pipeline names none. */
  name(pipeline: string, of: { namespace: string; configMap: string } | undefined): void;
  /** Resolves when nothing is watched any more. */
  end(): Promise<void>;
}

/** @param onChange of a pipeline; called for the first look too */
export function watchedFiles(client: KubeClient, time: Time, onChange: (pipeline: string) => void): WatchedFiles {
  const watches = new Map<string, { path: string; stop: AbortController }>();
  const ended = new Set<Promise<void>>();

  function watch(pipeline: string, path: string, name: string): void {
    const stop = new AbortController();
    watches.set(pipeline, { path: `${path}/${name}`, stop });
    let version: string | undefined;
    const saw = (now: string) => {
      if (now === version) return;
      version = now;
      onChange(pipeline);
    };
    // What cannot be watched is read with each resync.
    const follower = {
      onSet: ({ metadata }: { metadata: { resourceVersion?: string } }) => saw(metadata.resourceVersion ?? ''),
      onGone: () => saw('gone'),
    };
    const end = follow({ client, path, name }, follower, time, stop.signal).finally(() => ended.delete(end));
    ended.add(end);
  }

  return {
    name(pipeline, of) {
      const path = of && `/api/v1/namespaces/${of.namespace}/configmaps`;
      const before = watches.get(pipeline);
      if (before?.path === (of && `${path}/${of.configMap}`)) return;
      before?.stop.abort();
      watches.delete(pipeline);
      if (of) watch(pipeline, path!, of.configMap);
    },
    async end() {
      for (const { stop } of watches.values()) stop.abort();
      await Promise.all(ended);
    },
  };
}
