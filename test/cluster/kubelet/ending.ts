/** Ends a container's process as Kubernetes does: its preStop hook, SIGTERM, and SIGKILL when the grace is over. */
import { perform, type Target } from './handler.ts';
import { pause } from './probe.ts';
import type { ContainerProcess } from './process.ts';

export interface Ending {
  process: ContainerProcess;
  target: Target;
  /** Called before SIGKILL, so that the end can be told from one that came from elsewhere. */
  onKill(): void;
}

/** Resolves when the process is gone. The hook's time is part of the grace. */
export async function endProcess({ process, target, onKill }: Ending, graceSeconds: number): Promise<void> {
  const gone = new AbortController();
  void process.ended.then(() => gone.abort());
  const deadlineMs = performance.now() + graceSeconds * 1_000;
  const leftSeconds = () => Math.max(0, (deadlineMs - performance.now()) / 1_000);
  const hook = target.container.lifecycle?.preStop;
  if (hook?.sleep) await pause(Math.min(hook.sleep.seconds, leftSeconds()), gone.signal);
  else if (hook && leftSeconds() > 0) await perform(hook, target, leftSeconds() * 1_000).catch(() => undefined);
  process.signal('SIGTERM');
  await pause(leftSeconds(), gone.signal);
  if (!gone.signal.aborted) {
    onKill();
    process.signal('SIGKILL');
  }
  await process.ended;
}
