/**
 * Keeps one container of a pod: starts its process, starts it again as the pod's policy says, and ends it. Everything that
 * happens is in its status; `onChange` says that it is worth reading.
 */
import { BACK_OFF, backOffMs } from './back-off.ts';
import { startProbes } from './container-probes.ts';
import { initialStatus, terminated } from './container-status.ts';
import { endProcess } from './ending.ts';
import { NotCreatable } from './environment.ts';
import type { Target } from './handler.ts';
import type { Container, ContainerStatus, Terminated } from './pod.ts';
import { pause } from './probe.ts';
import { type Start, startProcess } from './process.ts';

export interface Job {
  container: Container;
  podIP: string;
  /** For an end that a probe asked for. */
  graceSeconds: number;
  isRestarted(exitCode: number): boolean;
  /** @throws NotCreatable, and is then asked again later */
  prepare(): Promise<Start>;
  onChange(): void;
}

export interface Keeper {
  status(): ContainerStatus;
  /** Resolves when no process is left and none will come. */
  over: Promise<void>;
  /** May be called again with less grace. */
  stop(graceSeconds: number): Promise<void>;
}

/** What the steps below share. */
interface State {
  status: ContainerStatus;
  set(change: Partial<ContainerStatus>): void;
  /** Aborted as soon as somebody wants the container to end for good. */
  wanted: AbortSignal;
  /** While there is a process. */
  end: ((graceSeconds: number) => Promise<void>) | undefined;
}

export function keepContainer(job: Job): Keeper {
  const stopping = new AbortController();
  const state: State = {
    status: initialStatus(job.container),
    set(change) {
      state.status = { ...state.status, ...change };
      job.onChange();
    },
    wanted: stopping.signal,
    end: undefined,
  };
  const over = live(job, state);
  return {
    status: () => state.status,
    over,
    async stop(graceSeconds) {
      stopping.abort();
      await state.end?.(graceSeconds);
      await over;
    },
  };
}

async function live(job: Job, state: State): Promise<void> {
  const { set, wanted } = state;
  for (let failures = 0; ; failures++) {
    const start = await prepared(job, state);
    if (!start) return;
    const startedMs = performance.now();
    const last = await runOnce(job, state, start);
    set({ state: { terminated: last }, ready: false, started: false });
    if (wanted.aborted || !job.isRestarted(last.exitCode)) return;
    if (performance.now() - startedMs > BACK_OFF.forgetMs) failures = 0;
    set({ lastState: { terminated: last } });
    const waitMs = backOffMs(failures);
    if (waitMs > 0) wait(state, 'CrashLoopBackOff', `back-off ${waitMs / 1_000}s restarting failed container`);
    await pause(waitMs / 1_000, wanted);
    if (wanted.aborted) return;
    set({ restartCount: state.status.restartCount + 1 });
  }
}

/** Undefined when it is to end before it could be created. */
async function prepared(job: Job, state: State): Promise<Start | undefined> {
  for (let failures = 1; !state.wanted.aborted; failures++) {
    try {
      return await job.prepare();
    } catch (error) {
      const reason = error instanceof NotCreatable ? error.reason : 'CreateContainerError';
      wait(state, reason, String(error));
      if (reason === 'ErrImagePull') {
        await pause(0.5, state.wanted);
        wait(state, 'ImagePullBackOff', `Back-off pulling image "${job.container.image}": ${error}`);
      }
      await pause(backOffMs(failures) / 1_000, state.wanted);
    }
  }
  return undefined;
}

async function runOnce(job: Job, state: State, start: Start): Promise<Terminated> {
  const { container, podIP } = job;
  const { startupProbe, readinessProbe } = container;
  const startedAt = new Date().toISOString();
  const process = startProcess(start);
  state.set({ state: { running: { startedAt } }, started: !startupProbe, ready: !startupProbe && !readinessProbe });

  const target: Target = { container, podIP, pid: process.pid ?? 0, environment: start.environment };
  let isKilled = false;
  const onKill = () => {
    isKilled = true;
  };
  const end = (graceSeconds: number) => endProcess({ process, target, onKill }, graceSeconds);
  state.end = end;
  const running = new AbortController();
  const effects = {
    onStarted: () => state.set({ started: true, ready: !readinessProbe }),
    onReady: (ready: boolean) => ready !== state.status.ready && state.set({ ready }),
    onUnwell: () => void end(job.graceSeconds),
  };
  startProbes(target, effects, { running: running.signal, wanted: state.wanted });
  const ended = await process.ended;
  running.abort();
  state.end = undefined;
  return terminated(container, ended, { startedAt, isKilled });
}

function wait({ set }: State, reason: string, message: string): void {
  set({ state: { waiting: { reason, message } }, ready: false });
}
