/**
 * What Prometheus can read. The names and labels are bounded: artifacts only while one of their releases is active,
 * routes by pattern, never an id. Fed from the controller's events; asks the engine only when it is scraped.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { ControllerEvent } from '../controller/face.ts';
import { isActive, type Release } from '../rollout/release.ts';
import { httpMetrics, type Sources } from './http-metrics.ts';
import { releaseMetrics } from './release-metrics.ts';

export interface Instruments {
  observe(event: ControllerEvent): void;
  /** `route` is a pattern, such as `/api/v1/releases/:id`; no duration for a stream. */
  request(route: string, status: number, durationMs?: number): void;
  streamCut(): void;
  scrape(): Promise<{ type: string; text: string }>;
}

/** Ended releases of which is remembered what was counted: events of one may come several times. */
const MAX_REMEMBERED = 10_000;

export function instruments(sources: Sources): Instruments {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const make = releaseMetrics(registry);
  const http = httpMetrics(registry, sources);
  /** What was counted of a release already. */
  const counted = new Map<string, Set<string>>();

  function firstTime(release: Release, what: string): boolean {
    let seen = counted.get(release.id);
    if (!seen) {
      seen = new Set();
      counted.set(release.id, seen);
      if (counted.size > MAX_REMEMBERED) counted.delete(counted.keys().next().value!);
    }
    if (seen.has(what)) return false;
    seen.add(what);
    return true;
  }

  function observeRelease(release: Release): void {
    const { rollback } = release;
    if (isActive(release)) make.show(release);
    else {
      make.hide(release.artifact);
      if (firstTime(release, 'ended')) make.ended(release);
    }
    if (!rollback) return;
    if (firstTime(release, 'rollback')) make.rollbacks.inc({ trigger: rollback.trigger });
    for (const [name, ms] of Object.entries(rollback.clocks ?? {})) {
      const clock = name.replace(/Ms$/, '');
      if (typeof ms === 'number' && firstTime(release, clock)) make.rollbackDuration.observe({ clock }, ms / 1_000);
    }
  }

  /** Counted by the replica that did it: a sum over all of them is then right. */
  function showElsewhere(release: Release): void {
    if (isActive(release)) make.show(release);
    else make.hide(release.artifact);
  }

  return {
    observe(event) {
      if (event.type === 'release' && event.elsewhere) showElsewhere(event.release);
      else if (event.type === 'release') observeRelease(event.release);
      if (event.type === 'alert') make.overdue.inc();
    },
    request: http.request,
    streamCut: () => http.cut.inc(),
    scrape: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  };
}
