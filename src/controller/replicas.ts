/**
 * What the other replicas do, as far as this one must know: routes that they stored go live here, releases that they
 * changed are read anew and shown, leases that they let go of are claimed. Hints come from the store and are sticky: one
 * that comes while its work runs makes it run once more. What was not heard, a look with the claims finds.
 */
import { toTimestamp } from '../clock.ts';
import { asSpillwayError } from '../errors.ts';
import type { Change, StoredRelease } from '../store/store.ts';
import type { Engine } from './engine.ts';
import { releaseOf } from './run.ts';

export interface Replicas {
  begin(): Promise<void>;
  end(): void;
  /** From time to time: a hint may be lost. Releases need no such look: a claim or a save finds those that matter here. */
  lookAtRoutes(): Promise<void>;
  /** An active release as it was last heard of: for a rollback while the store does not answer. */
  lastHeard(releaseId: string): StoredRelease | undefined;
}

/** @param wakeClaims leases may be free */
export function followReplicas(engine: Engine, wakeClaims: () => void, wake: (artifact: string) => void): Replicas {
  const { world, runs } = engine;
  const { store, router } = world;
  /** Active releases by artifact, whoever has them. */
  const heard = new Map<string, StoredRelease>();
  const shown = auditTail(engine);
  let stopListening = () => {};

  const isShared = store.onChange !== undefined;
  const lookAtRoute = sticky(artifact => router.refresh?.(artifact));
  const lookAtRelease = sticky(async artifact => {
    const before = heard.get(artifact);
    const active = await store.activeRelease(artifact);
    if (active) heard.set(artifact, active);
    else heard.delete(artifact);
    const ended = before && before.id !== active?.id ? await store.getRelease(before.id) : undefined;
    for (const stored of [ended, active]) if (stored) await take(stored);
    await shown.catchUp(artifact);
  });

  /** What is newer than our copy replaces it; listeners hear of it as of something that happened elsewhere. */
  async function take(stored: StoredRelease): Promise<void> {
    const run = runs.get(stored.id);
    if (run && run.stateVersion >= stored.stateVersion) return;
    if (run) await engine.refresh(run, stored.stateVersion);
    engine.emit({ type: 'release', release: releaseOf(stored), elsewhere: true });
    if (run) wake(stored.artifact);
  }

  /** For a start, and when nothing could be heard. */
  async function lookAtAll(): Promise<void> {
    if (!isShared) return;
    await router.refresh?.();
    let cursor: string | null = null;
    const artifacts = new Set(heard.keys());
    do {
      const page = await store.listReleases({ active: true, limit: 1_000, ...(cursor === null ? {} : { cursor }) });
      for (const stored of page.releases) {
        if (heard.get(stored.artifact)?.stateVersion === stored.stateVersion) artifacts.delete(stored.artifact);
        else artifacts.add(stored.artifact);
      }
      cursor = page.next;
    } while (cursor !== null);
    await Promise.all([...artifacts].map(artifact => lookAtRelease(artifact)));
  }

  const lookAtAllSticky = sticky(lookAtAll);
  function onChange(change: Change): void {
    const told = (work: Promise<void>) =>
      void work.catch((error: unknown) =>
        world.log.warn({ code: asSpillwayError(error).code }, 'what another replica changed could not be read yet'),
      );
    if (change.of === 'outcomes') wake(change.artifact);
    if (change.of === 'route') told(lookAtRoute(change.artifact));
    if (change.of === 'release') told(lookAtRelease(change.artifact));
    if (change.of === 'leases' || change.of === 'everything') wakeClaims();
    if (change.of !== 'everything') return;
    for (const { release } of runs.values()) wake(release.artifact);
    told(lookAtAllSticky(''));
  }

  return {
    async begin() {
      // Heard first, looked at after: what comes between is heard.
      stopListening = store.onChange?.(onChange) ?? stopListening;
      await lookAtAll();
    },
    end: () => stopListening(),
    lookAtRoutes: async () => (isShared ? router.refresh?.() : undefined),
    lastHeard: releaseId => [...heard.values()].find(({ id }) => id === releaseId),
  };
}

/** Per key one at a time; asked for again meanwhile, it runs once more, because its look may have come too early. */
function sticky(work: (key: string) => Promise<void> | undefined): (key: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const asked = new Set<string>();
  async function run(key: string): Promise<void> {
    while (asked.delete(key)) await work(key);
  }
  return key => {
    asked.add(key);
    const under = running.get(key) ?? run(key).finally(() => running.delete(key));
    running.set(key, under);
    return under;
  };
}

/** Events that others wrote, for those who listen here. From the start of this process on, each chain in its order. */
function auditTail(engine: Engine): { catchUp(artifact: string): Promise<void> } {
  const { store, clock } = engine.world;
  const from = toTimestamp(clock.nowMs());
  const position = new Map<string, number>();
  const seq = new Map<string, number>();
  engine.onEvent(event => {
    if (event.type === 'audit')
      seq.set(event.event.artifact, Math.max(event.event.seq, seq.get(event.event.artifact) ?? 0));
  });
  return {
    async catchUp(artifact) {
      const after = position.get(artifact);
      for (const { position: at, event } of await store.readAudit({ artifact, ...(after ? { after } : { from }) })) {
        position.set(artifact, at);
        if (event.seq > (seq.get(artifact) ?? 0)) engine.emitAudit([event]);
      }
    },
  };
}
