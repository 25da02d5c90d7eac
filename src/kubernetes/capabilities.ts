/**
 * Whether the cluster can do what a pipeline would ask of its routes: gateways that support them, rules that are there, grants
 * across namespaces. It takes some calls, so it is asked when the document or a route has changed and before a release, not
 * with each look; what was found wrong is asked again soon, since somebody is mending it.
 */
import type { Clock } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import { capabilityProblems } from '../traffic/gateway/capability.ts';
import type { Place } from '../traffic/sides.ts';

export interface Capabilities {
  /** Sentences, empty when all is well. @param version of everything that the answer hangs on */
  problems(artifact: string, of: { place: Place; isAttaching: boolean; version: string }): Promise<string[]>;
  /** As they were found last, without a call. */
  known(artifact: string): readonly string[];
  forget(artifact: string): void;
}

/** Gateways and grants change too, and are not watched. */
const GOOD_FOR_MS = 300_000;
const BAD_FOR_MS = 3_000;

export function capabilities(client: KubeClient, clock: Clock): Capabilities {
  const found = new Map<string, { version: string; problems: string[]; atMs: number }>();
  return {
    async problems(artifact, { place, isAttaching, version }) {
      const before = found.get(artifact);
      const ageMs = before ? clock.monotonicMs() - before.atMs : Number.POSITIVE_INFINITY;
      if (before?.version === version && ageMs < (before.problems.length > 0 ? BAD_FOR_MS : GOOD_FOR_MS))
        return before.problems;
      const { baseline, candidate } = place;
      const asked = place.routes.map(address =>
        capabilityProblems(client, { address, baseline, candidate }, isAttaching),
      );
      const problems = [...new Set((await Promise.all(asked)).flat())];
      found.set(artifact, { version, problems, atMs: clock.monotonicMs() });
      return problems;
    },
    known: artifact => found.get(artifact)?.problems ?? [],
    forget: artifact => void found.delete(artifact),
  };
}
